import { Ungroup } from "lucide-react";
import { memo, useState } from "react";
import { membersOf, nameOf, tintOf } from "../model/grouping";
import { tintStyle } from "../parts/tint";
import { shownGraph, useGraph } from "../store/graph";
import { nameGroup, ungroup } from "../store/layout";
import { startWriting, useView } from "../store/view";

const PREFIX = "group:";

/** The frame of a group. Its head is the handle: it moves all that is inside, and holds the name. */
export const GroupFrame = memo(function GroupFrame({ id, selected }: { id: string; selected: boolean }) {
  const name = id.slice(PREFIX.length);
  const group = useGraph((state) => shownGraph(state).groups[name]);
  const count = useGraph((state) => membersOf(shownGraph(state).groups, name).length);
  const writing = useView((view) => view.writing === name);
  if (!group) return null;
  const title = nameOf(group);
  return (
    <div
      data-testid={`group-${name}`}
      style={tintStyle(tintOf(group))}
      className={`group/frame h-full w-full rounded-2xl border-[1.5px] border-[var(--tint-line)] bg-[var(--tint-veil)] ${
        selected ? "ring-2 ring-accent/45" : ""
      }`}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the menu of the canvas names it as well. */}
      <header
        data-testid={`group-head-${name}`}
        className="frame-head pointer-events-auto flex h-[30px] cursor-grab items-center gap-2 rounded-t-[14px] bg-[var(--tint-soft)] pr-1 pl-3.5"
        onDoubleClick={() => startWriting(name)}
      >
        {writing ? (
          <Naming name={name} title={title} />
        ) : (
          <span
            className={`min-w-0 flex-1 truncate font-semibold ${title ? "text-ink" : "font-medium text-ink-3"}`}
            title="Drag to move the group; double click to name it"
          >
            {title || "Group"}
          </span>
        )}
        <span className="numeric text-ink-3 text-xs group-hover/frame:hidden">{count}</span>
        <button
          type="button"
          aria-label="Dissolve this group"
          title="Dissolve this group (Ctrl Alt G): its nodes stay"
          className="nodrag hidden size-6 place-items-center rounded-md text-ink-3 hover:bg-hover hover:text-ink focus-visible:grid group-hover/frame:grid"
          onClick={() => ungroup([name])}
        >
          <Ungroup size={13} />
        </button>
      </header>
    </div>
  );
});

function Naming({ name, title }: { name: string; title: string }) {
  const [draft, setDraft] = useState(title);
  const finish = (text: string) => {
    if (useView.getState().writing !== name) return;
    startWriting(null);
    if (text.trim() !== title) nameGroup(name, text);
  };
  return (
    <input
      // biome-ignore lint/a11y/noAutofocus: it appears because the user asked to write here.
      autoFocus
      aria-label="Name of the group"
      value={draft}
      placeholder="Name of the group"
      onFocus={(event) => event.target.select()}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={() => finish(draft)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") finish(draft);
        if (event.key === "Escape") finish(title);
      }}
      className="nodrag min-w-0 flex-1 rounded bg-surface px-1 font-semibold outline-none ring-1 ring-accent"
    />
  );
}
