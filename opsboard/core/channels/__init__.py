"""Notice channels: how the house speaks to chat groups, mail boxes and other programs. One module for each service."""

from opsboard.core.cards import Button, Card
from opsboard.core.channels.answers import advice
from opsboard.core.channels.sending import send

__all__ = ["Button", "Card", "advice", "send"]
