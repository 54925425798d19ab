import { asChat, asText, type Message, ROLES, type Template, variablesOf } from "@/pages/prompts/template";
import styles from "@/pages/prompts/Workbench.module.css";

interface Props {
  template: Template;
  onChange: (template: Template) => void;
}

const MIN_ROWS = 3;
const MAX_ROWS = 18;

function rowsOf(text: string): number {
  return Math.max(MIN_ROWS, Math.min(MAX_ROWS, text.split("\n").length + 1));
}

interface MessageProps {
  message: Message;
  number: number;
  onChange: (message: Message) => void;
  onRemove: () => void;
  onUp: (() => void) | null;
}

function MessageEditor({ message, number, onChange, onRemove, onUp }: MessageProps) {
  const roles = ROLES.includes(message.role as (typeof ROLES)[number]) ? ROLES : [...ROLES, message.role];
  return (
    <div className={styles.message}>
      <div className="row spread">
        <select
          className={`field ${styles.role}`}
          aria-label={`Role of message ${number}`}
          value={message.role}
          onChange={({ target }) => onChange({ ...message, role: target.value })}
        >
          {roles.map((role) => (
            <option key={role}>{role}</option>
          ))}
        </select>
        <div className="row">
          {onUp && (
            <button
              type="button"
              className="button quiet small"
              onClick={onUp}
              aria-label={`Move message ${number} up`}
            >
              Up
            </button>
          )}
          <button
            type="button"
            className="button quiet small"
            onClick={onRemove}
            aria-label={`Remove message ${number}`}
          >
            Remove
          </button>
        </div>
      </div>
      <textarea
        className={`field ${styles.template}`}
        aria-label={`Message ${number}`}
        spellCheck={false}
        dir="auto"
        rows={rowsOf(message.content)}
        value={message.content}
        placeholder={message.role === "system" ? "You answer ... in {{ language }}." : "{{ question }}"}
        onChange={({ target }) => onChange({ ...message, content: target.value })}
      />
    </div>
  );
}

function Chat({ messages, onChange }: { messages: Message[]; onChange: (messages: Message[]) => void }) {
  const next = messages.at(-1)?.role === "user" ? "assistant" : "user";
  return (
    <>
      {messages.map((message, index) => (
        <MessageEditor
          key={index}
          message={message}
          number={index + 1}
          onChange={(changed) => onChange(messages.with(index, changed))}
          onRemove={() => onChange(messages.toSpliced(index, 1))}
          onUp={
            index === 0 ? null : () => onChange(messages.toSpliced(index, 1).toSpliced(index - 1, 0, message))
          }
        />
      ))}
      <div>
        <button
          type="button"
          className="button small"
          onClick={() => onChange([...messages, { role: next, content: "" }])}
        >
          Add a message
        </button>
      </div>
    </>
  );
}

/** Writes a template, as text or as messages; the variables in it are named as they are typed. */
export function TemplateEditor({ template, onChange }: Props) {
  const isText = typeof template === "string";
  const variables = variablesOf(template);
  return (
    <section className="card stack" aria-labelledby="template-title">
      <div className="row spread">
        <h2 id="template-title">Template</h2>
        {/* biome-ignore lint/a11y/useSemanticElements: two buttons of a kind, not fields of a form */}
        <div className="row" role="group" aria-label="Form of the template">
          <button
            type="button"
            className="button small"
            aria-pressed={!isText}
            onClick={() => onChange(asChat(template))}
          >
            Messages
          </button>
          <button
            type="button"
            className="button small"
            aria-pressed={isText}
            onClick={() => onChange(asText(template))}
          >
            Text
          </button>
        </div>
      </div>
      {isText ? (
        <textarea
          className={`field ${styles.template}`}
          aria-label="Template"
          spellCheck={false}
          dir="auto"
          rows={Math.max(6, rowsOf(template))}
          value={template}
          placeholder="Answer in one sentence: {{ question }}"
          onChange={({ target }) => onChange(target.value)}
        />
      ) : (
        <Chat messages={template} onChange={onChange} />
      )}
      <p className="muted" aria-live="polite">
        {variables.length === 0 ? (
          <>
            No variables: write <code>{"{{ name }}"}</code> where a value of each row goes.
          </>
        ) : (
          <>
            Variables:{" "}
            {variables.map((name) => (
              <code key={name} className={styles.variable}>
                {name}
              </code>
            ))}
          </>
        )}
      </p>
    </section>
  );
}
