import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "@/api/client";
import type { ReadSettings } from "@/pages/prompts/settings";
import type { Message, Role, Template } from "@/pages/prompts/template";
import type { Version } from "@/pages/prompts/useDraft";
import styles from "@/pages/prompts/Workbench.module.css";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";

/** Tags as they are typed: `key=value`, one a line. @throws Error naming the line. */
function tagsIn(text: string): Record<string, string> {
  const tags: Record<string, string> = {};
  text.split("\n").forEach((line, index) => {
    if (line.trim() === "") return;
    const at = line.indexOf("=");
    const key = line.slice(0, at).trim();
    if (at === -1 || key === "")
      throw new Error(`Tags, line ${index + 1}: must be key=value, such as team=ml`);
    tags[key] = line.slice(at + 1).trim();
  });
  return tags;
}

/** A message as the server takes it; one without content is none. It refuses roles that it does not know. */
function messageToSave({ role, content }: Message) {
  return content.trim() === "" ? [] : [{ role: role as Role, content }];
}

interface Props {
  template: Template;
  read: ReadSettings;
  version: Version | null;
  /** Of the chosen ones: the version may say which it is for. */
  endpoints: readonly string[];
  onSaved: (saved: Version) => void;
}

function Form({ template, read, version, endpoints, onSaved }: Props) {
  const queryClient = useQueryClient();
  const known = typeof read.settings.model === "string" ? read.settings.model : "";
  const [name, setName] = useState(version?.name ?? "");
  const [message, setMessage] = useState("");
  const [tags, setTags] = useState("");
  const [model, setModel] = useState(known !== "" || endpoints.length !== 1 ? known : (endpoints[0] ?? ""));
  const saving = useMutation({
    mutationFn: () => {
      const { model: _, ...settings } = read.settings;
      const all = model === "" ? settings : { model, ...settings };
      const body = {
        template: typeof template === "string" ? template : template.flatMap(messageToSave),
        model_settings: Object.keys(all).length === 0 ? null : all,
        response_format: read.responseFormat,
        commit_message: message.trim() === "" ? null : message.trim(),
        tags: tagsIn(tags),
      };
      const path = { name: name.trim() };
      return answer(api.POST("/v1/prompts/{name}/versions", { params: { path }, body: body }));
    },
    onSuccess: async (saved) => {
      await queryClient.invalidateQueries({ queryKey: ["prompts"] });
      onSaved(saved);
    },
  });
  const models = [...new Set([known, ...endpoints])].filter((one) => one !== "");
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <label className={styles.labelled}>
        Name
        <input
          className="field"
          required
          maxLength={500}
          value={name}
          placeholder="support/answer"
          onChange={({ target }) => setName(target.value)}
        />
      </label>
      <label className={styles.labelled}>
        What has changed (commit message)
        <input className="field" value={message} onChange={({ target }) => setMessage(target.value)} />
      </label>
      <label className={styles.labelled}>
        Tags, one key=value a line
        <textarea className="field" rows={2} value={tags} onChange={({ target }) => setTags(target.value)} />
      </label>
      <label className={styles.labelled}>
        Model that it is for
        <select className="field" value={model} onChange={({ target }) => setModel(target.value)}>
          <option value="">none</option>
          {models.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      {saving.error && <ErrorBox error={saving.error} />}
      <div className="row spread">
        <span className="muted">A version never changes; the same name gives the next number.</span>
        <button type="submit" className="button primary" disabled={saving.isPending || name.trim() === ""}>
          {saving.isPending ? "Saving…" : "Save"}
        </button>
      </div>
    </form>
  );
}

/** A dialog that registers what the workbench holds as the next version of a prompt. */
export function SaveDialog({ isDisabled, ...props }: Props & { isDisabled: boolean }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" className="button" disabled={isDisabled} onClick={() => setIsOpen(true)}>
        Save as a version
      </button>
      <Dialog title="Save as a version" isOpen={isOpen} onClose={() => setIsOpen(false)}>
        <Form
          {...props}
          onSaved={(saved) => {
            setIsOpen(false);
            props.onSaved(saved);
          }}
        />
      </Dialog>
    </>
  );
}
