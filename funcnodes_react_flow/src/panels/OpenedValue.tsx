import { Download } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import type { Preview } from "../model/feed";
import { shown } from "../model/preview";
import { FORMAT_NAMES, fileNameOf, hasWindow, summaryOf, type ValueInfo } from "../model/values";
import { PreviewBody } from "../nodes/previews/PreviewBody";
import { WindowedTable } from "../nodes/previews/WindowedTable";
import { Spinner } from "../parts/Spinner";
import { messageOf } from "../rpc/errors";
import { fullValue, useGraph } from "../store/graph";
import { readInfo, valueUrl } from "../store/values";

type Known = { info: ValueInfo } | { failed: string } | { busy: string } | null;

/** Values that are larger than this are not read whole to be looked at. */
const SMALL_ROWS = 50;

/** A value of any size: what is large is read in windows, pictures come as large as they are shown. */
export function OpenedValue({ node, port, title }: { node: string; port: string; title: string }) {
  const preview = useGraph((state) => state.feed.values[node]?.[port]);
  const [known, setKnown] = useState<Known>(null);
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another preview or turn means another value.
  useEffect(() => {
    let wanted = true;
    readInfo(node, port, (busy) => wanted && setKnown({ busy })).then(
      (info) => wanted && setKnown({ info }),
      (error: unknown) => wanted && setKnown({ failed: messageOf(error) }),
    );
    return () => {
      wanted = false;
    };
  }, [node, port, preview, turn]);
  const info = known && "info" in known ? known.info : null;
  return (
    <>
      <div className="mb-2 flex flex-wrap items-center gap-2 text-ink-3 text-xs">
        <span data-testid="value-summary" className="min-w-0 flex-1 truncate">
          {info && hasWindow(info) ? summaryOf(info) : preview?.type}
        </span>
        {info && <Downloads info={info} node={node} port={port} title={title} />}
      </div>
      {(known === null || "busy" in known) && (
        <p className="mb-2 flex items-center gap-2 text-ink-3">
          <Spinner /> {known ? `Waiting: ${known.busy}.` : "Asking what this value is like…"}
        </p>
      )}
      {known && "failed" in known && <p className="mb-2 text-danger">{known.failed} Shown is the preview.</p>}
      <div className="overflow-hidden rounded-xl border border-line bg-sunken">
        <Body {...{ node, port, preview, info, again }} />
      </div>
    </>
  );
}

interface BodyProps {
  node: string;
  port: string;
  preview: Preview | null | undefined;
  info: ValueInfo | null;
  again: () => void;
}

function Body({ node, port, preview, info, again }: BodyProps) {
  if (info?.isImage) return <Picture node={node} port={port} info={info} />;
  if (info && hasWindow(info) && (preview?.cut || info.rows > SMALL_ROWS)) {
    return <WindowedTable key={info.generation} node={node} port={port} info={info} onChanged={again} />;
  }
  // Until the worker has said how large it is, nothing is read but the preview that is here.
  return info ? (
    <Whole node={node} port={port} preview={preview} />
  ) : (
    <PreviewBody shown={shown(preview)} large />
  );
}

/** Points of a screen are not those of a picture: it is asked for in the size it is shown at. */
function Picture({ node, port, info }: { node: string; port: string; info: ValueInfo }) {
  const points = window.devicePixelRatio || 1;
  const source = valueUrl(node, port, {
    width: String(Math.ceil(Math.min(window.innerWidth, 1024) * points)),
    height: String(Math.ceil(window.innerHeight * 0.6 * points)),
    generation: info.generation,
  });
  return (
    <img src={source} alt="What this port holds" className="mx-auto block max-h-[60vh] object-contain" />
  );
}

type Loaded = { preview: Preview | null } | { failed: string } | null;

/** Text and small values, read whole. */
function Whole({ node, port, preview }: { node: string; port: string; preview: Preview | null | undefined }) {
  const [full, setFull] = useState<Loaded>(null);
  useEffect(() => {
    // Only a value that was cut has more to show. When the value changes, the whole of the new one is asked.
    let wanted = true;
    if (!preview?.cut) {
      setFull({ preview: preview ?? null });
      return;
    }
    setFull(null);
    fullValue(node, port).then(
      (value) => wanted && setFull({ preview: value }),
      (error: unknown) => wanted && setFull({ failed: messageOf(error) }),
    );
    return () => {
      wanted = false;
    };
  }, [node, port, preview]);
  const show = full && "preview" in full && full.preview ? full.preview : preview;
  return (
    <>
      {full && "failed" in full && <p className="p-2 text-danger">{full.failed} Shown is the preview.</p>}
      <PreviewBody shown={shown(show)} large />
    </>
  );
}

function Downloads({
  info,
  node,
  port,
  title,
}: {
  info: ValueInfo;
  node: string;
  port: string;
  title: string;
}) {
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      <Download size={13} aria-hidden="true" />
      {info.formats.map((format) => (
        <a
          key={format}
          data-testid={`download-${format}`}
          className="rounded-md border border-line bg-surface px-2 py-0.5 text-ink-2 hover:bg-hover hover:text-ink"
          href={valueUrl(node, port, { format, download: fileNameOf(title, port, format) })}
          download={fileNameOf(title, port, format)}
        >
          {FORMAT_NAMES[format] ?? format}
        </a>
      ))}
    </span>
  );
}
