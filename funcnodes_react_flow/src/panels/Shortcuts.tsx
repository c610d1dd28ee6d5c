import { Modal } from "../parts/Modal";
import { openDialog } from "../store/view";

const KEYS: readonly (readonly [string, string])[] = [
  ["Space, Ctrl K, double click", "Add a node"],
  ["C", "Connect the selected node, or take a wire off it"],
  ["Tab, Enter", "Go from node to node, select one"],
  ["Arrows", "Move what is selected"],
  ["Ctrl Z", "Undo what you did last"],
  ["Ctrl Shift Z, Ctrl Y", "Do it again"],
  ["Delete, Backspace", "Remove what is selected"],
  ["Ctrl A", "Select every node"],
  ["Ctrl C, Ctrl V", "Copy and paste nodes with their values"],
  ["Ctrl G", "Group what is selected"],
  ["Ctrl Alt G, Ctrl Shift G", "Dissolve a group"],
  ["N", "Add a note"],
  ["Right click, long touch", "What can be done here"],
  ["Shift drag", "Select with a frame"],
  ["Ctrl click", "Select several"],
  ["Double click on a name or note", "Write it"],
  ["↑ ↓ in a number (Shift: ×10)", "One step more or less"],
  ["Escape", "Close, or give up what was typed"],
];

export function Shortcuts() {
  return (
    <Modal title="Keyboard and mouse" onClose={() => openDialog(null)}>
      <dl className="divide-y divide-line">
        {KEYS.map(([keys, what]) => (
          <div key={keys} className="flex items-center justify-between gap-4 py-2">
            <dt className="text-ink-2">{what}</dt>
            <dd className="text-right font-medium text-xs">{keys}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
