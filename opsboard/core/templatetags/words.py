"""Django's tags for translated text, with one of them kept: the words of a page are the same each time.

It stands in for the library `i18n` (see the settings), so that templates load what they always do. Django asks the
catalogue anew for each `{% translate %}`, through two lazy objects; a page has dozens of them.
"""

from __future__ import annotations

from django.template import Context, Library
from django.template.base import FilterExpression, Parser, Token
from django.templatetags import i18n
from django.templatetags.i18n import TranslateNode
from django.utils import translation

register = Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)


class WordNode(TranslateNode):
    """A text that names no variable: looked up once for each language."""

    def __init__(self, found: TranslateNode) -> None:
        self.__dict__.update(found.__dict__)
        self.name, self.asvar = found.asvar, None
        self.known: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        language = translation.get_language()
        text = self.known.get(language)
        if text is None:
            text = self.known[language] = super().render(context)
        if self.name:
            context[self.name] = text
            return ""
        return text


def _says_itself(expression: FilterExpression | None) -> bool:
    if expression is None:
        return True
    return not expression.filters and getattr(expression.var, "lookups", None) is None


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> TranslateNode:
    node: TranslateNode = i18n.do_translate(parser, token)
    constant = _says_itself(node.filter_expression) and _says_itself(node.message_context)
    return WordNode(node) if constant else node
