"""Functions become node classes. These names are published; ours import from the modules."""

from funcnodes_core.nodemaker.function import NodeDecorator
from funcnodes_core.nodemaker.instance import NodeClassMixin, NodeClassNode, instance_nodefunction

__all__ = ["NodeClassMixin", "NodeClassNode", "NodeDecorator", "instance_nodefunction"]
