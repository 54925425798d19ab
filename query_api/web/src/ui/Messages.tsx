import { useMemo, useState } from "react";
import { CopyButton } from "@/ui/CopyButton";
import { contentOf, plainText } from "@/ui/conversation";
import { count } from "@/ui/format";
import { LongText } from "@/ui/LongText";
import styles from "@/ui/Messages.module.css";
import type { Message, Part } from "@/ui/messageTypes";
import { cut, visible } from "@/ui/visible";

const FIRST_MESSAGES = 3;
const LAST_MESSAGES = 20;
const MAX_NAME_CHARS = 80;

type Form = "conversation" | "text" | "recorded";
const FORMS: readonly [Form, string][] = [
  ["conversation", "Conversation"],
  ["text", "Plain text"],
  ["recorded", "As recorded"],
];

/** Names of the tools that a conversation calls, by the ID of the call. */
function callsOf(messages: readonly Message[]): Map<string, string> {
  const parts = messages.flatMap((message) => message.parts);
  return new Map(parts.flatMap((part) => (part.kind === "tool_call" ? [[part.id, part.name]] : [])));
}

function Picture({ source, text }: { source: string | null; text: string }) {
  const [isBroken, setIsBroken] = useState(false);
  if (source !== null && !isBroken)
    return <img className={styles.image} src={source} alt="Attached" onError={() => setIsBroken(true)} />;
  const isElsewhere = /^https?:\/\//i.test(text);
  return (
    <p className={styles.note}>
      {isBroken ? "An image that is damaged" : isElsewhere ? "An image elsewhere, not fetched" : "An image"}
      {text !== "" && <span className="mono"> {visible(cut(text, 500))}</span>}
    </p>
  );
}

function PartView({ part, calls }: { part: Part; calls: ReadonlyMap<string, string> }) {
  switch (part.kind) {
    case "text":
      return <LongText text={part.text} />;
    case "reasoning":
      return (
        <details className={styles.reasoning}>
          <summary>Reasoning</summary>
          <LongText text={part.text} />
        </details>
      );
    case "image":
      return <Picture source={part.source} text={part.text} />;
    case "tool_call":
    case "tool_result": {
      const name = part.kind === "tool_call" ? part.name : (calls.get(part.id) ?? "");
      return (
        <div className={styles.tool}>
          <div className={styles.toolHead} title={part.id}>
            <span className="muted">{part.kind === "tool_call" ? "Calls" : "Result of"}</span>{" "}
            <strong className="mono">{visible(cut(name, MAX_NAME_CHARS)) || "a tool"}</strong>
          </div>
          {part.text !== "" && <LongText text={part.text} isCode />}
        </div>
      );
    }
    default:
      return <LongText text={part.text} isCode />;
  }
}

const ROLE_CLASSES: Readonly<Record<string, string | undefined>> = {
  system: styles.system,
  developer: styles.system,
  user: styles.user,
  human: styles.user,
  assistant: styles.assistant,
  ai: styles.assistant,
  tool: styles.toolRole,
};

function MessageView({ message, calls }: { message: Message; calls: ReadonlyMap<string, string> }) {
  const { role, name, finishReason, parts } = message;
  return (
    <li className={`${styles.message} ${ROLE_CLASSES[role.toLowerCase()] ?? ""}`}>
      <div className={styles.role}>
        <span>{visible(cut(role, MAX_NAME_CHARS)) || "unknown"}</span>
        {name !== "" && <span className={styles.aside}>{visible(cut(name, MAX_NAME_CHARS))}</span>}
        {finishReason !== "" && (
          <span className={styles.aside}>stopped: {visible(cut(finishReason, MAX_NAME_CHARS))}</span>
        )}
      </div>
      {parts.map((part, index) => (
        <PartView key={index} part={part} calls={calls} />
      ))}
      {parts.length === 0 && <p className={styles.note}>Empty</p>}
    </li>
  );
}

function Conversation({ messages }: { messages: readonly Message[] }) {
  const [isWhole, setIsWhole] = useState(false);
  const calls = useMemo(() => callsOf(messages), [messages]);
  const hidden = isWhole ? 0 : Math.max(0, messages.length - FIRST_MESSAGES - LAST_MESSAGES);
  const view = (message: Message, index: number) => (
    <MessageView key={index} message={message} calls={calls} />
  );
  if (hidden === 0) return <ol className={styles.messages}>{messages.map(view)}</ol>;
  return (
    <ol className={styles.messages}>
      {messages.slice(0, FIRST_MESSAGES).map(view)}
      <li key="hidden">
        <button type="button" className="button small" onClick={() => setIsWhole(true)}>
          Show {count(hidden)} messages between
        </button>
      </li>
      {messages.slice(-LAST_MESSAGES).map((message, index) => view(message, -1 - index))}
    </ol>
  );
}

interface Props {
  /** What was recorded: messages as JSON in any provider's form, other JSON, or text. */
  text: string | null;
  /** What it is, in a word, such as "Input". */
  label?: string;
  /** Says the label as a heading, beside what can be done. */
  hasHeading?: boolean;
}

/** A recorded input or output for reading: as a conversation where it is one. Untrusted, so never more than text. */
export function Messages({ text, label, hasHeading = false }: Props) {
  const [form, setForm] = useState<Form>("conversation");
  const content = useMemo(() => contentOf(text ?? ""), [text]);
  const heading = hasHeading && <h3>{label}</h3>;
  if (text === null || text === "")
    return (
      <>
        {heading}
        <p className={styles.note}>Nothing recorded</p>
      </>
    );
  const forms = content.kind === "messages" ? FORMS : FORMS.filter(([name]) => name !== "text");
  const first = content.kind === "messages" ? "Conversation" : content.kind === "json" ? "Indented" : "Text";
  return (
    <section className={styles.content} aria-label={label}>
      <div className={styles.bar}>
        {heading}
        {content.kind !== "text" && (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset would draw a frame
          <div role="group" aria-label={`Form of ${label ?? "the text"}`} className={styles.forms}>
            {forms.map(([name, said]) => (
              <button
                key={name}
                type="button"
                className={styles.form}
                aria-pressed={form === name}
                onClick={() => setForm(name)}
              >
                {name === "conversation" ? first : said}
              </button>
            ))}
          </div>
        )}
        <CopyButton text={text} />
      </div>
      {form === "recorded" ? (
        <LongText key="recorded" text={text} isCode />
      ) : form === "text" ? (
        <LongText key="text" text={plainText(content)} />
      ) : content.kind === "messages" ? (
        <Conversation messages={content.messages} />
      ) : (
        <LongText text={content.text} isCode={content.kind === "json"} />
      )}
    </section>
  );
}
