import { Ungroup } from "lucide-react";
import { membersOf, nameOf, tintOf } from "../model/grouping";
import { TINTS } from "../model/tint";
import { Button } from "../parts/Button";
import { Labelled } from "../parts/Field";
import { tintStyle } from "../parts/tint";
import { shownGraph, useGraph } from "../store/graph";
import { colourGroup, nameGroup, ungroup } from "../store/layout";
import { Written } from "./Written";

/** Name and colour of the selected group. */
export function GroupProperties({ name }: { name: string }) {
  const group = useGraph((state) => shownGraph(state).groups[name]);
  const count = useGraph((state) => membersOf(shownGraph(state).groups, name).length);
  if (!group) return null;
  return (
    <div className="space-y-4 p-4">
      <h2 className="font-semibold">
        Group of {count} node{count === 1 ? "" : "s"}
      </h2>
      <Labelled label="Name">
        <Written
          value={nameOf(group)}
          placeholder="What these nodes do together"
          onCommit={(text) => nameGroup(name, text)}
        />
      </Labelled>
      <div>
        <span className="mb-1 block font-medium text-ink-2 text-xs">Colour</span>
        <div className="flex gap-1.5">
          {TINTS.map((tint) => (
            <button
              key={tint}
              type="button"
              aria-label={`Colour: ${tint}`}
              aria-pressed={tintOf(group) === tint}
              title={tint}
              style={tintStyle(tint)}
              className="size-6 rounded-full border-2 border-transparent bg-[var(--tint)] bg-clip-content p-0.5 hover:border-[var(--tint)] aria-pressed:border-[var(--tint)]"
              onClick={() => colourGroup(name, tint)}
            />
          ))}
        </div>
      </div>
      <p className="text-ink-3 text-xs">
        Drag its head to move all of it. More by a right click on its head.
      </p>
      <Button onClick={() => ungroup([name])}>
        <Ungroup size={14} /> Dissolve, keep the nodes
      </Button>
    </div>
  );
}
