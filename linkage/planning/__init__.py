"""How many gateways, and how large a log, for so many counters: arithmetic on measured figures."""

from linkage.planning.demand import Backend, Demand
from linkage.planning.figures import Figure, Figures, read_figures
from linkage.planning.plan import Line, Plan, plan, shown

__all__ = ["Backend", "Demand", "Figure", "Figures", "Line", "Plan", "plan", "read_figures", "shown"]
