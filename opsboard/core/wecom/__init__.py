"""Sign-in with WeCom (企业微信), which allauth does not know: the company's own app, scanned with a phone."""
