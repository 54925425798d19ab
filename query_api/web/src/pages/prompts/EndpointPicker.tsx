import { MAX_COLUMNS } from "@/pages/prompts/grid";
import { CHAT, type Endpoint, useEndpoints } from "@/pages/prompts/useEndpoints";
import styles from "@/pages/prompts/Workbench.module.css";
import { CopyButton } from "@/ui/CopyButton";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";

const FILE = `endpoints:
- {name: chat, endpoint_type: ${CHAT}, model: {provider: openai, name: gpt-4o-mini}}
`;
const COMMAND = "OPENAI_API_KEY=... spanfold serve --gateway-config gateway.yaml";

/** How to have endpoints, for whoever has none. */
function NoGateway({ onRetry, hasGateway }: { onRetry: () => void; hasGateway: boolean }) {
  return (
    <div className={styles.noGateway}>
      <p>
        {hasGateway
          ? "The gateway has no endpoint for chats. Add one to its file; it is in force at once:"
          : "This server runs without a gateway, so there is no model to ask. Write two lines into gateway.yaml:"}
      </p>
      <pre>{FILE}</pre>
      {!hasGateway && (
        <>
          <p>and start the server with it:</p>
          <pre>{COMMAND}</pre>
        </>
      )}
      <div className="row">
        <CopyButton
          text={hasGateway ? FILE : `cat > gateway.yaml <<'END'\n${FILE}END\n${COMMAND}\n`}
          label="Copy as commands"
        />
        <button type="button" className="button small" onClick={onRetry}>
          Look again
        </button>
      </div>
    </div>
  );
}

function named(endpoint: Endpoint): string {
  return endpoint.models.map((model) => `${model.provider} ${model.name}`).join(", ");
}

interface Props {
  value: readonly string[];
  onChange: (endpoints: string[]) => void;
}

/** Chooses one or several endpoints of the gateway. */
export function EndpointPicker({ value, onChange }: Props) {
  const { data, error, isPending, refetch } = useEndpoints();
  if (isPending) return <Loading heightPx={96} />;
  if (error) return <ErrorBox error={error} onRetry={() => void refetch()} />;
  const chats = (data ?? []).filter((endpoint) => endpoint.endpoint_type === CHAT);
  const others = (data ?? []).length - chats.length;
  const gone = value.filter((name) => !chats.some((endpoint) => endpoint.name === name));
  if (chats.length === 0)
    return <NoGateway onRetry={() => void refetch()} hasGateway={data !== null && data !== undefined} />;
  const isFull = value.length >= MAX_COLUMNS;
  return (
    <fieldset className={styles.fieldset}>
      <legend>Endpoints</legend>
      <div className={styles.endpoints}>
        {chats.map((endpoint) => {
          const isChosen = value.includes(endpoint.name);
          return (
            <label key={endpoint.name} className={styles.choice}>
              <input
                type="checkbox"
                checked={isChosen}
                disabled={isFull && !isChosen}
                onChange={() =>
                  onChange(
                    isChosen
                      ? value.filter((name) => name !== endpoint.name)
                      : [...value.filter((name) => !gone.includes(name)), endpoint.name],
                  )
                }
              />
              <span className={styles.choiceText}>
                <strong>{endpoint.name}</strong> <span className="muted">{named(endpoint)}</span>
              </span>
            </label>
          );
        })}
      </div>
      {others > 0 && (
        <p className="muted">
          {others} {others === 1 ? "endpoint is" : "endpoints are"} not for chats and not shown.
        </p>
      )}
    </fieldset>
  );
}
