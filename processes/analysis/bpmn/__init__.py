"""BPMN 2.0 documents: read, counted, told as steps, changed as the step table says, and written with nothing lost."""

from processes.analysis.bpmn.changing import new_document, with_steps
from processes.analysis.bpmn.comparing import Change, Difference, compare
from processes.analysis.bpmn.document import BpmnError, Document, read
from processes.analysis.bpmn.drawio import from_drawio
from processes.analysis.bpmn.elements import Elements, elements
from processes.analysis.bpmn.shapes import lay_out
from processes.analysis.bpmn.steps import END, Step, Way, follower, steps

__all__ = [
    "END",
    "BpmnError",
    "Change",
    "Difference",
    "Document",
    "Elements",
    "Step",
    "Way",
    "compare",
    "elements",
    "follower",
    "from_drawio",
    "lay_out",
    "new_document",
    "read",
    "steps",
    "with_steps",
]
