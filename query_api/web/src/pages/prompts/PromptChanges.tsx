import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { problemOf } from "@/api/problem";
import styles from "@/pages/prompts/Registered.module.css";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";

type Prompt = Schemas["Prompt"];

/** A change of a prompt, after which everything shown of prompts is asked anew. */
function useChange<Input>(change: (input: Input) => Promise<unknown>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["prompts"] }),
  });
}

interface PairProps {
  first: { label: string; placeholder: string };
  second: { label: string; placeholder: string; isNumber?: boolean };
  action: string;
  isBusy: boolean;
  onSet: (first: string, second: string) => void;
}

function Pair({ first, second, action, isBusy, onSet }: PairProps) {
  const [[one, two], setValues] = useState(["", ""] as [string, string]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSet(one.trim(), two.trim());
    setValues(["", ""]);
  };
  return (
    <form className="row" onSubmit={submit}>
      <input
        className={`field ${styles.short}`}
        aria-label={first.label}
        placeholder={first.placeholder}
        maxLength={250}
        required
        value={one}
        onChange={({ target }) => setValues([target.value, two])}
      />
      <input
        className={`field ${styles.short}`}
        aria-label={second.label}
        placeholder={second.placeholder}
        required
        {...(second.isNumber ? { type: "number", min: 1 } : {})}
        value={two}
        onChange={({ target }) => setValues([one, target.value])}
      />
      <button type="submit" className="button small" disabled={isBusy}>
        {action}
      </button>
    </form>
  );
}

interface ChipsProps {
  pairs: [string, string][];
  kind: string;
  none: string;
  isBusy: boolean;
  onRemove: (name: string) => void;
}

function Chips({ pairs, kind, none, isBusy, onRemove }: ChipsProps) {
  if (pairs.length === 0) return <span className="muted">{none}</span>;
  return pairs.map(([name, value]) => (
    <span key={name} className={styles.chip}>
      {name} = {value}
      <button
        type="button"
        aria-label={`Remove the ${kind} ${name}`}
        disabled={isBusy}
        onClick={() => onRemove(name)}
      >
        ×
      </button>
    </span>
  ));
}

/** Which version each alias stands for; sets and moves them. */
export function Aliases({ prompt }: { prompt: Prompt }) {
  const { name } = prompt;
  const setting = useChange(({ alias, version }: { alias: string; version: number }) =>
    answer(
      api.PUT("/v1/prompts/{name}/aliases/{alias}", {
        params: { path: { name, alias } },
        body: { version },
      }),
    ),
  );
  const removing = useChange((alias: string) =>
    answer(api.DELETE("/v1/prompts/{name}/aliases/{alias}", { params: { path: { name, alias } } })),
  );
  const error = setting.error ?? removing.error;
  const isBusy = setting.isPending || removing.isPending;
  return (
    <div className={styles.changes}>
      <h3>Aliases</h3>
      <Chips
        pairs={Object.entries(prompt.aliases).map(([alias, version]) => [alias, `version ${version}`])}
        kind="alias"
        none="None yet: applications load a prompt by an alias such as production."
        isBusy={isBusy}
        onRemove={(alias) => removing.mutate(alias)}
      />
      <Pair
        first={{ label: "Alias", placeholder: "production" }}
        second={{ label: "Version of the alias", placeholder: String(prompt.latest_version), isNumber: true }}
        action="Set or move"
        isBusy={isBusy}
        onSet={(alias, version) => setting.mutate({ alias, version: Number(version) })}
      />
      {error && <ErrorBox error={error} />}
    </div>
  );
}

/** Tags of a prompt; sets and removes them. */
export function Tags({ prompt }: { prompt: Prompt }) {
  const { name } = prompt;
  const setting = useChange((tags: Record<string, string>) =>
    answer(api.POST("/v1/prompts/{name}/tags", { params: { path: { name } }, body: { tags } })),
  );
  const removing = useChange((key: string) =>
    answer(api.DELETE("/v1/prompts/{name}/tags/{key}", { params: { path: { name, key } } })),
  );
  const error = setting.error ?? removing.error;
  const isBusy = setting.isPending || removing.isPending;
  return (
    <div className={styles.changes}>
      <h3>Tags</h3>
      <Chips
        pairs={Object.entries(prompt.tags)}
        kind="tag"
        none="None"
        isBusy={isBusy}
        onRemove={(key) => removing.mutate(key)}
      />
      <Pair
        first={{ label: "Key of a tag", placeholder: "team" }}
        second={{ label: "Value of the tag", placeholder: "ml" }}
        action="Set"
        isBusy={isBusy}
        onSet={(key, value) => setting.mutate({ [key]: value })}
      />
      {error && <ErrorBox error={error} />}
    </div>
  );
}

/** Deletes a prompt once its name has been confirmed. */
export function DeletePrompt({ name, versionCount }: { name: string; versionCount: number }) {
  const [isOpen, setIsOpen] = useState(false);
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const deleting = useMutation({
    mutationFn: async () => {
      const { response, error } = await api.DELETE("/v1/prompts/{name}", { params: { path: { name } } });
      if (!response.ok) throw problemOf(response.status, error);
    },
    onSuccess: async () => {
      // What is shown of it goes first: asked for again, it would not be found.
      await navigate({ to: "/prompts", search: { tab: "registered" } });
      queryClient.removeQueries({ queryKey: ["prompts"], type: "inactive" });
      await queryClient.invalidateQueries({ queryKey: ["prompts", "list"] });
    },
  });
  return (
    <>
      <button type="button" className="button small" onClick={() => setIsOpen(true)}>
        Delete…
      </button>
      <Dialog title={`Delete ${name}?`} isOpen={isOpen} onClose={() => setIsOpen(false)}>
        <p>
          Its {versionCount === 1 ? "version" : `${versionCount} versions`} and aliases are not found any
          more, and applications that load it fail. Traces keep what they noted, and so does its history; a
          version that is registered later brings it back.
        </p>
        {deleting.error && <ErrorBox error={deleting.error} />}
        <div className="row">
          <button
            type="button"
            className="button primary"
            disabled={deleting.isPending}
            onClick={() => deleting.mutate()}
          >
            Delete {name}
          </button>
          <button type="button" className="button" onClick={() => setIsOpen(false)}>
            Keep it
          </button>
        </div>
      </Dialog>
    </>
  );
}
