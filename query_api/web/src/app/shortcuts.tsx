import { useEffect, useRef, useState } from "react";
import { Dialog } from "@/ui/Dialog";

/** Keys of one or two strokes, such as "j" or "g t", and what they do. */
interface Shortcut {
  keys: string;
  label: string;
  run: () => void;
}

const SECOND_STROKE_MS = 1_000;
const registered = new Set<readonly Shortcut[]>();

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** A link or button with the focus is what Enter and the space bar press, whatever they are a shortcut for. */
function isPressed({ key, target }: KeyboardEvent): boolean {
  return (
    (key === "Enter" || key === " ") &&
    target instanceof Element &&
    target.closest("a[href], button, summary, [role=tab]") !== null
  );
}

/** Let keys do something for as long as the component is shown. Not while somebody types, or a dialog is open. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    let first = "";
    let firstAtMs = 0;
    const shown: readonly Shortcut[] = latest.current;
    registered.add(shown);
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isPressed(event))
        return;
      if (document.querySelector("dialog[open]") !== null) return;
      const isSecond = first !== "" && event.timeStamp - firstAtMs < SECOND_STROKE_MS;
      const strokes = isSecond ? `${first} ${event.key}` : event.key;
      // Only a key that begins something waits for a second: others would swallow the key after them.
      const begins = !isSecond && [...registered].flat().some(({ keys }) => keys.startsWith(`${event.key} `));
      [first, firstAtMs] = begins ? [event.key, event.timeStamp] : ["", 0];
      const found = latest.current.find((shortcut) => shortcut.keys === strokes);
      if (found === undefined) return;
      event.preventDefault();
      found.run();
    };
    window.addEventListener("keydown", onKey);
    return () => {
      registered.delete(shown);
      window.removeEventListener("keydown", onKey);
    };
  }, []);
}

/** The button, and the key `?`, that list what keys do on this page. */
export function ShortcutHelp() {
  const [isOpen, setIsOpen] = useState(false);
  useShortcuts([{ keys: "?", label: "Show this list", run: () => setIsOpen(true) }]);
  return (
    <>
      <button type="button" className="button quiet small" onClick={() => setIsOpen(true)}>
        Keys
      </button>
      <Dialog title="Keys" isOpen={isOpen} onClose={() => setIsOpen(false)}>
        <table className="plain-table">
          <tbody>
            {[...registered].flat().map((shortcut) => (
              <tr key={shortcut.keys}>
                <td>
                  <kbd>{shortcut.keys}</kbd>
                </td>
                <td>{shortcut.label}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Dialog>
    </>
  );
}
