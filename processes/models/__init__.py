"""Tables of processes, and the questions one may ask of them."""

from processes.models.drawings import Drawing, Note
from processes.models.event_logs import EventLog
from processes.models.process import Process
from processes.models.redesigns import Redesign
from processes.models.simulations import Simulation
from processes.models.staffing import Staffing
from processes.models.whys import Remark, Why

__all__ = ["Drawing", "EventLog", "Note", "Process", "Redesign", "Remark", "Simulation", "Staffing", "Why"]
