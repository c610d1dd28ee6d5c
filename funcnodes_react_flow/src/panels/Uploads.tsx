import { Pause, Play, X } from "lucide-react";
import { sizeText } from "../model/files";
import { Bar } from "../parts/Bar";
import { IconButton } from "../parts/Button";
import { cancelUpload, pauseUpload, resumeUpload, type Uploading, useFiles } from "../store/files";

/** What is being sent: how far each is, and going on with what broke off. */
export function Uploads() {
  const uploading = useFiles((state) => state.uploading);
  const entries = Object.entries(uploading);
  if (entries.length === 0) return null;
  return (
    <ul className="mb-3 space-y-2 rounded-xl border border-line bg-sunken p-3" data-testid="uploads">
      {entries.map(([place, one]) => (
        <li key={place} data-phase={one.phase} className="flex items-center gap-3">
          <div className="min-w-0 flex-1">
            <p className="mb-1 flex gap-2">
              <span className="min-w-0 flex-1 truncate font-medium">{one.name}</span>
              <span className="numeric shrink-0 text-ink-3 text-xs">
                {said(one)} of {sizeText(one.size)}
              </span>
            </p>
            <Bar fraction={one.fraction} tone={one.phase === "failed" ? "danger" : "accent"} />
            {one.why && <p className="mt-1 break-words text-danger text-xs">{one.why}</p>}
          </div>
          <span className="flex shrink-0">
            {one.phase === "running" ? (
              <IconButton label={`Pause ${one.name}`} onClick={() => pauseUpload(place)}>
                <Pause size={14} />
              </IconButton>
            ) : (
              <IconButton label={`Go on with ${one.name}`} onClick={() => void resumeUpload(place)}>
                <Play size={14} />
              </IconButton>
            )}
            <IconButton label={`Give ${one.name} up`} onClick={() => void cancelUpload(place)}>
              <X size={14} />
            </IconButton>
          </span>
        </li>
      ))}
    </ul>
  );
}

function said({ phase, fraction }: Uploading): string {
  const percent = `${Math.floor(fraction * 100)} %`;
  if (phase === "paused") return `paused at ${percent}`;
  return phase === "failed" ? `broke off at ${percent}` : percent;
}
