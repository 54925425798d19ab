import { useNavigate, useRouterState } from "@tanstack/react-router";
import { useState } from "react";
import {
  loadViews,
  MAX_FILE_CHARS,
  MAX_NAME_CHARS,
  storeViews,
  type View,
  withFile,
  withView,
} from "@/pages/traces/views";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { save } from "@/ui/saving";

/** The button and the dialog of saved searches. */
export function Views() {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" className="button" onClick={() => setIsOpen(true)}>
        Views
      </button>
      <Dialog title="Saved views" isOpen={isOpen} onClose={() => setIsOpen(false)}>
        <ViewList onClose={() => setIsOpen(false)} />
      </Dialog>
    </>
  );
}

/** What a view asks for, in words. */
function told({ search }: View): string {
  return [...new URLSearchParams(search)].map(([name, value]) => `${name}: ${value}`).join("\n");
}

function ViewList({ onClose }: { onClose: () => void }) {
  const search = useRouterState({ select: ({ location }) => location.searchStr });
  const navigate = useNavigate();
  const [views, setViews] = useState(loadViews);
  const [name, setName] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const keep = (change: () => View[]) => {
    try {
      const changed = change();
      storeViews(changed);
      setViews(changed);
      setError(null);
    } catch (caught) {
      setError(caught instanceof Error ? caught : new Error(String(caught)));
    }
  };
  const read = async (file: File | undefined) => {
    if (file === undefined) return;
    // A file that is too large, or gone by now, is as good as one without views: it is not read.
    const text = file.size > MAX_FILE_CHARS ? "" : await file.text().catch(() => "");
    keep(() => withFile(views, text));
  };
  return (
    <>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === "") return;
          keep(() => withView(views, { name: name.trim(), search }));
          setName("");
        }}
      >
        <input
          className="field"
          aria-label="Name of the view"
          placeholder="Name"
          maxLength={MAX_NAME_CHARS}
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <button type="submit" className="button primary" disabled={name.trim() === ""}>
          Save what is shown
        </button>
      </form>
      {error !== null && <ErrorBox error={error} />}
      {views.length === 0 ? (
        <p className="muted">None yet. A view is a filter, a period, an order and columns under a name.</p>
      ) : (
        <table className="plain-table">
          <tbody>
            {views.map((view) => (
              <tr key={view.name}>
                <td>
                  <a
                    href={`/traces${view.search}`}
                    title={told(view)}
                    onClick={(event) => {
                      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                      event.preventDefault();
                      onClose();
                      void navigate({ href: `/traces${view.search}` });
                    }}
                  >
                    {view.name}
                  </a>
                </td>
                <td className="number">
                  <button
                    type="button"
                    className="button quiet small"
                    onClick={() => keep(() => views.filter((one) => one !== view))}
                  >
                    Delete<span className="visually-hidden"> {view.name}</span>
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="muted">Views stay in this browser. Carry them to another one, or to others, as a file.</p>
      <div className="row">
        <button
          type="button"
          className="button small"
          disabled={views.length === 0}
          onClick={() => save("spanfold-views.json", "application/json", JSON.stringify(views, null, 2))}
        >
          Save as a file
        </button>
        <label className="button small">
          Read a file
          <input
            type="file"
            accept="application/json,.json"
            className="visually-hidden"
            onChange={({ target }) => {
              void read(target.files?.[0]);
              target.value = ""; // the same file can be read once more
            }}
          />
        </label>
      </div>
    </>
  );
}
