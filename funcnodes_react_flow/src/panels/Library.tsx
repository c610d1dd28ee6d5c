import { ChevronRight, Package, Plus, Search, X } from "lucide-react";
import { memo, useDeferredValue, useMemo, useState } from "react";
import { allNodes, type LibraryNode, type Shelf, searchNodes, summaryOf } from "../model/library";
import { familyOf } from "../model/portType";
import { Button } from "../parts/Button";
import { FIELD } from "../parts/Field";
import { familyColour } from "../parts/familyColour";
import { DRAG_TYPE } from "../store/dragType";
import { useGraph } from "../store/graph";
import { addNodeOf } from "../store/nodes";
import { closeSheets, openDialog } from "../store/view";

const HIDDEN_SHELF = "_external_worker";

/** Every node class the worker has, as shelves, or as hits while one searches. */
export function Library() {
  const shelves = useGraph((state) => state.shelves);
  const classes = useGraph((state) => state.classes);
  const [query, setQuery] = useState("");
  const wanted = useDeferredValue(query);
  const hits = useMemo(() => searchNodes(classes, wanted), [classes, wanted]);
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="p-2.5 pb-2">
        <div className="relative">
          <Search size={14} className="pointer-events-none absolute top-2.5 left-2.5 text-ink-3" />
          <input
            data-testid="library-search"
            type="search"
            aria-label="Search nodes"
            placeholder="Search nodes"
            value={query}
            onChange={(event) => setQuery(event.target.value)}
            onKeyDown={(event) => {
              const [first] = hits;
              if (event.key === "Enter" && query !== "" && first) addNodeOf(first.id);
              if (event.key === "Escape") setQuery("");
            }}
            className={`h-8 pr-7 pl-8 [&::-webkit-search-cancel-button]:hidden ${FIELD}`}
          />
          {query !== "" && (
            <button
              type="button"
              aria-label="Clear the search"
              className="absolute top-1.5 right-1.5 grid size-5 place-items-center rounded text-ink-3 hover:text-ink"
              onClick={() => setQuery("")}
            >
              <X size={13} />
            </button>
          )}
        </div>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-1.5 pb-3">
        {shelves === null ? (
          <p className="px-2 py-3 text-ink-3">Reading the library…</p>
        ) : wanted.trim() === "" ? (
          shelves
            .filter((shelf) => shelf.name !== HIDDEN_SHELF)
            .map((shelf) => <ShelfTree key={shelf.name} shelf={shelf} depth={0} open={shelves.length < 3} />)
        ) : hits.length === 0 ? (
          <p className="px-2 py-3 text-ink-3">Nothing matches “{wanted}”. Another module may bring it.</p>
        ) : (
          hits.map((node) => <NodeItem key={node.path.join("/") + node.id} node={node} withPath />)
        )}
      </div>
      <div className="border-line border-t p-2.5">
        <Button data-testid="modules-open" className="w-full" onClick={() => openDialog("modules")}>
          <Package size={14} /> Add modules
        </Button>
      </div>
    </div>
  );
}

function ShelfTree({ shelf, depth, open }: { shelf: Shelf; depth: number; open: boolean }) {
  const [isOpen, setOpen] = useState(open);
  const count = allNodes([shelf]).length;
  return (
    <div>
      <button
        type="button"
        aria-expanded={isOpen}
        title={shelf.description || undefined}
        className="flex h-7 w-full items-center gap-1 rounded-md pr-2 font-medium hover:bg-hover"
        style={{ paddingLeft: 4 + depth * 12 }}
        onClick={() => setOpen(!isOpen)}
      >
        <ChevronRight
          size={13}
          className={`shrink-0 text-ink-3 transition-transform ${isOpen ? "rotate-90" : ""}`}
        />
        <span className="truncate">{shelf.name}</span>
        <span className="numeric ml-auto text-ink-3 text-xs">{count}</span>
      </button>
      {isOpen && (
        <div>
          {shelf.shelves.map((inner) => (
            <ShelfTree key={inner.name} shelf={inner} depth={depth + 1} open={false} />
          ))}
          <div style={{ paddingLeft: 6 + depth * 12 }}>
            {shelf.nodes.map((node) => (
              <NodeItem key={node.id} node={node} />
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

const NodeItem = memo(function NodeItem({
  node,
  withPath = false,
}: {
  node: LibraryNode;
  withPath?: boolean;
}) {
  const [output] = node.outputs;
  const add = () => {
    addNodeOf(node.id);
    closeSheets();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a real button cannot hold the "+" button beside its text.
    <div
      role="button"
      tabIndex={0}
      data-testid={`library-node-${node.id}`}
      draggable
      title={[node.name, `${node.path.join(" › ")} · ${node.id}`, node.description]
        .filter(Boolean)
        .join("\n")}
      className="group relative flex cursor-grab items-center gap-2 rounded-md px-2 py-1 hover:bg-hover active:cursor-grabbing"
      onDragStart={(event) => {
        event.dataTransfer.setData(DRAG_TYPE, node.id);
        event.dataTransfer.effectAllowed = "copy";
      }}
      onDoubleClick={add}
      onKeyDown={(event) => {
        if (event.key === "Enter") add();
      }}
    >
      <span
        className="size-2 shrink-0 rounded-full"
        style={{ background: familyColour(output ? familyOf(output.type) : "trigger") }}
      />
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-2">
          <span className="min-w-0 truncate">{node.name}</span>
          {withPath && (
            <span className="ml-auto max-w-[55%] shrink-0 truncate text-[11px] text-ink-3 group-hover:invisible">
              {node.path.at(-1)}
            </span>
          )}
        </span>
        {withPath && (
          <span className="block truncate text-ink-3 text-xs">{summaryOf(node.description) || node.id}</span>
        )}
      </span>
      <button
        type="button"
        tabIndex={-1}
        aria-label={`Add ${node.name}`}
        title="Add to the graph"
        className="absolute top-1/2 right-1 grid size-6 -translate-y-1/2 place-items-center rounded-md bg-hover text-ink-3 opacity-0 hover:bg-accent-soft hover:text-accent focus-visible:opacity-100 group-hover:opacity-100 [@media(hover:none)]:opacity-100"
        onClick={(event) => {
          event.stopPropagation();
          add();
        }}
      >
        <Plus size={14} />
      </button>
    </div>
  );
});
