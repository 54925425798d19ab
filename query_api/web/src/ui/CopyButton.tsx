import { useState } from "react";

const DONE_MS = 1_500;

/** What is to be copied; null where the server, asked for it, does not give it. */
async function textOf(make: () => string | Promise<string>): Promise<string | null> {
  try {
    return await make();
  } catch {
    return null;
  }
}

/** Copies text, and says so. */
export function CopyButton({
  text,
  label = "Copy",
}: {
  text: string | (() => string | Promise<string>);
  label?: string;
}) {
  const [said, setSaid] = useState<string | null>(null);
  const copy = async () => {
    try {
      const copied = typeof text === "string" ? text : await textOf(text);
      if (copied === null) setSaid("The server does not answer");
      else {
        await navigator.clipboard.writeText(copied);
        setSaid("Copied");
      }
    } catch {
      setSaid("Not allowed here"); // a page that is not from localhost or https may not write to the clipboard
    }
    setTimeout(() => setSaid(null), DONE_MS);
  };
  return (
    <button type="button" className="button small" onClick={copy} aria-live="polite">
      {said ?? label}
    </button>
  );
}
