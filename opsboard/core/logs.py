"""What the log leaves out."""

import logging


class QuietRefusals(logging.Filter):
    """A refusal (403) is one line: that somebody may not do something is no fault, and needs no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == 403:
            record.exc_info = record.exc_text = None
        return True
