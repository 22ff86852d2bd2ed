/* A wall is dark whatever the reader's theme: set before the page is drawn. */
document.documentElement.dataset.bsTheme = "dark";
document.documentElement.dataset.theme = "dark";
