"""What people read in Chinese is what the house's catalogues say, whatever Django's or a library's say for the same text."""

from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, pgettext


def test_the_houses_own_words_win() -> None:
    houses = [path for path in settings.LOCALE_PATHS if (path / "zh_Hans").is_dir()]
    assert len(houses) >= 6
    lost = []
    with translation.override("zh-hans"):
        for path in houses:
            with (path / "zh_Hans" / "LC_MESSAGES" / "django.po").open("rb") as handle:
                for one in read_po(handle):
                    if one.id and isinstance(one.id, str):
                        said = pgettext(one.context, one.id) if one.context else gettext(one.id)
                        lost += [(one.id, said)] if said != one.string else []
    assert lost == []
