"""Why an edit is refused: the caller's mistakes as an outline, facts as fields, the sentence in `__str__`."""

from funcnodes_core.document.model import Edge, GroupId, NodeId, PortId


class EditRejected(Exception):
    """Raised when a document does not allow an edit; nothing has changed."""


class NodeExists(EditRejected):
    """Raised when a node is added under an id that is taken."""

    def __init__(self, node: NodeId) -> None:
        super().__init__()
        self.node = node

    def __str__(self) -> str:
        return f"there is already a node {self.node!r}; give the new one another id"


class NodeNotFound(EditRejected):
    """Raised when an edit names a node that is not in the document."""

    def __init__(self, node: NodeId) -> None:
        super().__init__()
        self.node = node

    def __str__(self) -> str:
        return f"there is no node {self.node!r}; it may have been removed, reload the graph"


class PortNotFound(EditRejected):
    """Raised when an edit names a port that its node does not have."""

    def __init__(self, node: NodeId, port: PortId) -> None:
        super().__init__()
        self.node, self.port = node, port

    def __str__(self) -> str:
        return f"node {self.node!r} has no port {self.port!r}; reload the node to see its ports"


class NotAnInput(EditRejected):
    """Raised when an output is used where only an input can be."""

    def __init__(self, node: NodeId, port: PortId) -> None:
        super().__init__()
        self.node, self.port = node, port

    def __str__(self) -> str:
        return f"port {self.port!r} of {self.node!r} is an output; use an input"


class InputIsConnected(EditRejected):
    """Raised when an input that an edge already feeds is set or wired a second time."""

    def __init__(self, node: NodeId, port: PortId, edge: Edge) -> None:
        super().__init__()
        self.node, self.port, self.edge = node, port, edge

    def __str__(self) -> str:
        fed = f"{self.edge.src_port!r} of {self.edge.src_node!r}"
        return f"input {self.port!r} of {self.node!r} is fed by {fed}; remove that edge first"


class OutputIsConnected(EditRejected):
    """Raised when an output that allows one edge only is wired a second time."""

    def __init__(self, node: NodeId, port: PortId, edge: Edge) -> None:
        super().__init__()
        self.node, self.port, self.edge = node, port, edge

    def __str__(self) -> str:
        fed = f"{self.edge.trg_port!r} of {self.edge.trg_node!r}"
        return f"output {self.port!r} of {self.node!r} already feeds {fed} and allows no second edge"


class EdgeExists(EditRejected):
    """Raised when an edge is added that is already there."""

    def __init__(self, edge: Edge) -> None:
        super().__init__()
        self.edge = edge

    def __str__(self) -> str:
        return f"the edge {_arrow(self.edge)} is already there"


class EdgeNotFound(EditRejected):
    """Raised when an edge is removed that is not there."""

    def __init__(self, edge: Edge) -> None:
        super().__init__()
        self.edge = edge

    def __str__(self) -> str:
        return f"there is no edge {_arrow(self.edge)}; it may have been removed, reload the graph"


class ExternalWorkerNotFound(EditRejected):
    """Raised when an instance of an external worker is named that the document does not hold."""

    def __init__(self, class_id: str, worker: str) -> None:
        super().__init__()
        self.class_id, self.worker = class_id, worker

    def __str__(self) -> str:
        return (
            f"there is no external worker {self.worker!r} of {self.class_id!r}; it may have been removed, "
            "ask get_worker_dependencies for those there are"
        )


class ForwardsInACircle(EditRejected):
    """Raised when inputs would hand their value round in a circle."""

    def __init__(self, edge: Edge) -> None:
        super().__init__()
        self.edge = edge

    def __str__(self) -> str:
        return f"forwarding {_arrow(self.edge)} would close a circle of inputs; wire one of them to an output"


class UnknownOption(EditRejected):
    """Raised when an option is set that nodes or ports do not have."""

    def __init__(self, key: str, known: frozenset[str]) -> None:
        super().__init__()
        self.key, self.known = key, known

    def __str__(self) -> str:
        return f"there is no option {self.key!r}; known are {', '.join(sorted(self.known))}"


class WrongOptionValue(EditRejected):
    """Raised when an option is given a value of a kind that it can not have."""

    def __init__(self, key: str, expected: str) -> None:
        super().__init__()
        self.key, self.expected = key, expected

    def __str__(self) -> str:
        return f"option {self.key!r} takes {self.expected}"


class NotJson(EditRejected):
    """Raised when a value is handed in that a saved file could not give back equal."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value

    def __str__(self) -> str:
        return f"{self.value!r} can not be kept: values are what JSON knows, without nan and infinity"


class BrokenGroups(EditRejected):
    """Raised when groups would not form a forest over the nodes of the document."""

    def __init__(self, group: GroupId, reason: str) -> None:
        super().__init__()
        self.group, self.reason = group, reason

    def __str__(self) -> str:
        return f"group {self.group!r} is not possible: {self.reason}"


class BrokenRecord(EditRejected):
    """Raised when a node or a document handed in contradicts itself."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def __str__(self) -> str:
        return f"the record contradicts itself: {self.reason}"


class WrongGraphProperty(EditRejected):
    """Raised when a property of the graph that we know gets a value it cannot hold."""

    def __init__(self, key: str, wanted: str) -> None:
        super().__init__()
        self.key, self.wanted = key, wanted

    def __str__(self) -> str:
        return f"the graph's property {self.key!r} takes {self.wanted}; remove it for the default"


class NothingToUndo(EditRejected):
    """Raised when there is no step that could be undone."""

    def __str__(self) -> str:
        return "there is nothing to undo"


class NothingToRedo(EditRejected):
    """Raised when no step was undone since the last new change."""

    def __str__(self) -> str:
        return "there is nothing to redo; what was undone can be redone until the next change"


class StepNotFound(EditRejected):
    """Raised when a step is named that the history does not hold, or that is undone already."""

    def __init__(self, revision: int, is_undone: bool) -> None:
        super().__init__()
        self.revision, self.is_undone = revision, is_undone

    def __str__(self) -> str:
        if self.is_undone:
            return f"the change of revision {self.revision} is undone already"
        return (
            f"the history holds no change of revision {self.revision} that could be undone; "
            "ask history for those there are"
        )


class BuiltUpon(EditRejected):
    """Raised when undoing (or redoing) a step would spoil what was done (or undone) since.

    `revision` is that of the entry in the way.
    """

    def __init__(
        self, title: str, word: str, later: str, revision: int, *, is_own: bool, is_undone: bool
    ) -> None:
        super().__init__()
        self.title, self.word, self.later, self.revision = title, word, later, revision
        self.is_own, self.is_undone = is_own, is_undone

    def __str__(self) -> str:
        refused = f"“{self.title}” can not be {self.word}"
        if self.is_undone:
            who = "you have" if self.is_own else "somebody else has"
            return f"{refused}: {who} undone “{self.later}” since (revision {self.revision}); redo that first"
        whose = "your own" if self.is_own else "somebody else's"
        return (
            f"{refused}: {whose} later change “{self.later}” (revision {self.revision}) builds on it; "
            "undo that one first"
        )


class StepNoLongerFits(EditRejected):
    """Raised when the rules refuse the way back (or the way back there) as the graph is now."""

    def __init__(self, title: str, word: str, reason: EditRejected) -> None:
        super().__init__()
        self.title, self.word, self.reason = title, word, reason

    def __str__(self) -> str:
        return f"“{self.title}” can not be {self.word}: {self.reason}"


def _arrow(edge: Edge) -> str:
    return f"{edge.src_node}.{edge.src_port} → {edge.trg_node}.{edge.trg_port}"
