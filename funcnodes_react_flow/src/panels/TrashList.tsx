import { RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { sizeText } from "../model/files";
import { Button } from "../parts/Button";
import { Spinner } from "../parts/Spinner";
import { emptyTrash, restoreFile, useFiles } from "../store/files";
import { when } from "./when";

/** What was deleted, the latest first; it can come back until the trash is emptied. */
export function TrashList() {
  const trash = useFiles((state) => state.trash);
  const [asking, setAsking] = useState(false);
  if (trash === null) return <Spinner />;
  if (trash.length === 0) return <p className="py-10 text-center text-ink-3">The trash is empty.</p>;
  const empty = async () => {
    await emptyTrash();
    setAsking(false);
  };
  return (
    <>
      <ul className="divide-y divide-line" data-testid="trash-list">
        {trash.map((item) => (
          <li key={item.id} className="flex min-h-10 items-center gap-3 py-1">
            <Trash2 size={15} className="shrink-0 text-ink-3" />
            <span className="min-w-0 flex-1 truncate" title={item.path}>
              {item.path}
            </span>
            <span className="numeric w-20 shrink-0 text-right text-ink-3 text-xs">{sizeText(item.size)}</span>
            <span className="numeric w-24 shrink-0 whitespace-nowrap text-right text-ink-3 text-xs max-md:hidden">
              {when(item.deleted)}
            </span>
            <Button
              className="h-7"
              aria-label={`Restore ${item.path}`}
              onClick={() => void restoreFile(item)}
            >
              <RotateCcw size={13} /> Restore
            </Button>
          </li>
        ))}
      </ul>
      <div className="mt-4 flex items-center gap-2">
        {asking ? (
          <>
            <Button look="danger" data-testid="empty-trash-really" onClick={() => void empty()}>
              Delete {trash.length === 1 ? "it" : `all ${trash.length}`} for good
            </Button>
            <Button look="quiet" onClick={() => setAsking(false)}>
              Keep
            </Button>
          </>
        ) : (
          <Button data-testid="empty-trash" onClick={() => setAsking(true)}>
            Empty the trash…
          </Button>
        )}
      </div>
    </>
  );
}
