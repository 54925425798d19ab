import { type ReactNode, useEffect, useId, useRef } from "react";
import styles from "@/ui/Dialog.module.css";

interface Props {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** A modal dialog: Escape and a click beside it close it, the focus returns to where it was. */
export function Dialog({ title, isOpen, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const pressed = useRef<EventTarget | null>(null);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the dialog's own Escape is the keyboard's way out
    <dialog
      ref={dialog}
      className={styles.dialog}
      aria-labelledby={titleId}
      onClose={onClose}
      onPointerDown={(event) => {
        pressed.current = event.target;
      }}
      onClick={(event) => {
        // Text that is selected from within, with the pointer let go outside, is no click beside the dialog.
        if (event.target === dialog.current && pressed.current === dialog.current) onClose();
      }}
    >
      {isOpen && (
        <div className={styles.content}>
          <div className="row spread">
            <h2 id={titleId}>{title}</h2>
            <button type="button" className="button quiet small" onClick={onClose}>
              Close
            </button>
          </div>
          {children}
        </div>
      )}
    </dialog>
  );
}
