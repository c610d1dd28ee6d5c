import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import type { ReactNode } from "react";
import { useReturnFocus } from "./useReturnFocus";

interface Props {
  title: string;
  description?: string;
  onClose: () => void;
  children: ReactNode;
  width?: "small" | "medium" | "large";
}

const WIDTH = { small: "max-w-md", medium: "max-w-2xl", large: "max-w-5xl" } as const;

/** A window over the page; Escape and a click beside it close it. */
export function Modal({ title, description, onClose, children, width = "small" }: Props) {
  const giveBack = useReturnFocus();
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/35 backdrop-blur-[2px]" />
        <Dialog.Content
          onCloseAutoFocus={giveBack}
          className={`rise fixed inset-x-0 top-[max(2rem,8vh)] z-50 mx-auto flex max-h-[84vh] w-[calc(100%-1.5rem)] ${WIDTH[width]} flex-col rounded-2xl border border-line bg-raised shadow-float`}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Dialog.Title className="truncate font-semibold text-[15px] tracking-tight">
                {title}
              </Dialog.Title>
              {description && (
                <Dialog.Description className="mt-0.5 text-ink-3">{description}</Dialog.Description>
              )}
            </div>
            <Dialog.Close
              aria-label="Close"
              className="-mr-1.5 grid size-7 place-items-center rounded-lg text-ink-3 hover:bg-hover hover:text-ink"
            >
              <X size={16} />
            </Dialog.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-5">{children}</div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
