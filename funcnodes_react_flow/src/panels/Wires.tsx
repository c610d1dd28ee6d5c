import { Command } from "cmdk";
import { ArrowLeft, ArrowRight, Unplug } from "lucide-react";
import { Dialog } from "radix-ui";
import { type ReactNode, useMemo, useState } from "react";
import { nodeOf, titleOf } from "../model/graph";
import { type Offer, offersFor, searchOffers, wiresAt } from "../model/offers";
import { familyColour } from "../parts/familyColour";
import { SearchField } from "../parts/SearchField";
import { useReturnFocus } from "../parts/useReturnFocus";
import { shownGraph, useGraph } from "../store/graph";
import { connectPorts, removeAll } from "../store/nodes";
import { askForWire, focusOn, useView } from "../store/view";

const MOST = 60;

/** Wires chosen from a list instead of drawn: by keyboard, by a screen reader, on a small screen. */
export function Wires() {
  const asked = useView((view) => view.wiring);
  return asked && <Asked node={asked.node} port={asked.port} />;
}

function Asked({ node, port }: { node: string; port: string | null }) {
  const giveBack = useReturnFocus(() => focusOn(node));
  return (
    <Dialog.Root open onOpenChange={(open) => !open && askForWire(null)}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/20" />
        <Dialog.Content
          aria-describedby={undefined}
          onCloseAutoFocus={giveBack}
          data-testid="wires"
          className="rise fixed inset-x-0 top-[12vh] z-50 mx-auto w-[min(36rem,calc(100%-1.5rem))] overflow-hidden rounded-2xl border border-line bg-raised shadow-float"
        >
          <Dialog.Title className="sr-only">Connect</Dialog.Title>
          <Choice node={node} port={port} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Choice({ node, port }: { node: string; port: string | null }) {
  const [query, setQuery] = useState("");
  const graph = useGraph(shownGraph);
  const offers = useMemo(() => offersFor(graph, node, port), [graph, node, port]);
  const wires = useMemo(() => (query === "" ? wiresAt(graph, node, port) : []), [graph, node, port, query]);
  const found = useMemo(() => searchOffers(offers, query), [offers, query]);
  const asking = nodeOf(graph, node);
  const title = asking ? titleOf(asking) : node;
  return (
    <Command shouldFilter={false} loop>
      <SearchField
        testId="wires-input"
        query={query}
        onQuery={setQuery}
        placeholder={`Connect ${title} with…`}
      />
      <Command.List className="max-h-[50vh] overflow-y-auto p-1.5">
        <Command.Empty className="px-3 py-6 text-center text-ink-3">
          {query === "" ? "There is no other node to connect it with." : `Nothing matches “${query}”.`}
        </Command.Empty>
        {found.slice(0, MOST).map((offer) => (
          <OfferRow key={offer.key} offer={offer} />
        ))}
        {found.length > MOST && (
          <p className="px-2.5 py-1.5 text-ink-3 text-xs">
            {found.length - MOST} more: type a name to find them.
          </p>
        )}
        {wires.length > 0 && (
          <Command.Group
            heading="Take off"
            className="mt-1 border-line border-t pt-1 [&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-ink-3 [&_[cmdk-group-heading]]:text-xs"
          >
            {wires.map(({ edge, own, into, node: other, other: end }) => (
              <Row
                key={JSON.stringify(edge)}
                value={`take off ${JSON.stringify(edge)}`}
                onSelect={() => removeAll([], [edge])}
              >
                <Unplug size={13} className="shrink-0 text-danger" />
                <Ends own={own} into={into} node={other} other={end} />
              </Row>
            ))}
          </Command.Group>
        )}
      </Command.List>
    </Command>
  );
}

function OfferRow({ offer }: { offer: Offer }) {
  const { own, into, node, other, from, to } = offer;
  return (
    <Row value={offer.key} onSelect={() => connectPorts(from, to, null)}>
      <span
        className="size-2 shrink-0 rounded-full"
        style={{ background: familyColour(offer.family) }}
        aria-hidden="true"
      />
      <Ends own={own} into={into} node={node} other={other} />
      <span className="ml-auto shrink-0 truncate text-ink-3 text-xs">
        {offer.replaces ? "takes the place of a wire" : offer.type}
      </span>
    </Row>
  );
}

function Ends({ own, into, node, other }: { own: string; into: boolean; node: string; other: string }) {
  return (
    <>
      <span className="max-w-[35%] shrink-0 truncate font-medium">{own}</span>
      {into ? (
        <ArrowLeft size={13} className="shrink-0 text-ink-3" aria-label="from" />
      ) : (
        <ArrowRight size={13} className="shrink-0 text-ink-3" aria-label="to" />
      )}
      <span className="min-w-0 truncate">
        {node} <span className="text-ink-3">{other}</span>
      </span>
    </>
  );
}

function Row({ value, onSelect, children }: { value: string; onSelect: () => void; children: ReactNode }) {
  return (
    <Command.Item
      value={value}
      onSelect={() => {
        askForWire(null);
        onSelect();
      }}
      className="flex items-center gap-2.5 rounded-lg px-2.5 py-1.5 data-[selected=true]:bg-accent-soft"
    >
      {children}
    </Command.Item>
  );
}
