import { useState } from "react";

const DONE_MS = 1_500;

/** Copies text, and says so. */
export function CopyButton({
  text,
  label = "Copy",
}: {
  text: string | (() => string | Promise<string>);
  label?: string;
}) {
  const [state, setState] = useState<"ready" | "done" | "failed">("ready");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : await text());
      setState("done");
    } catch {
      setState("failed"); // a page that is not from localhost or https may not write to the clipboard
    }
    setTimeout(() => setState("ready"), DONE_MS);
  };
  return (
    <button type="button" className="button small" onClick={copy} aria-live="polite">
      {state === "done" ? "Copied" : state === "failed" ? "Not allowed here" : label}
    </button>
  );
}
