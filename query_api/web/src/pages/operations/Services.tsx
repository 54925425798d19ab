import { Link } from "@tanstack/react-router";
import { Fact, Facts, Part } from "@/pages/operations/Facts";
import type { Operations } from "@/pages/operations/queries";
import { count } from "@/ui/format";
import { Time } from "@/ui/Time";

const MS_PER_S = 1_000;

/** Evaluations and monitors that run beside the server. */
export function EvaluationsPart({ evaluations }: { evaluations: Operations["evaluations"] }) {
  const { running, waiting, max_running, max_waiting, monitors_failing: failing } = evaluations;
  if (max_running === 0)
    return (
      <Part title="Evaluations and monitors">
        <p className="muted">
          This server runs none: another one does, or they run where they are asked for.
        </p>
      </Part>
    );
  return (
    <Part title="Evaluations and monitors" aside={<Link to="/evaluations">Show them</Link>}>
      <Facts>
        <Fact name="Running" value={`${count(running)} of at most ${count(max_running)}`}>
          Evaluations at work beside this server, a process each.
        </Fact>
        <Fact
          name="Waiting"
          value={`${count(waiting)} of at most ${count(max_waiting)}`}
          isBad={waiting >= max_waiting}
        >
          They start when one that runs is done. At the limit, new ones are refused.
        </Fact>
        <Fact name="Monitors" value={`${count(evaluations.monitors_active)} active`}>
          Score new traces as they come; {count(evaluations.monitors_paused)} are paused.{" "}
          {evaluations.monitors_active > 0 &&
            (evaluations.monitor_process_running
              ? "Their process runs."
              : "Their process starts when needed.")}
        </Fact>
        <Fact name="Failing monitors" value={count(failing)} isBad={failing > 0}>
          Their last attempt failed; they try again. Evaluations, Monitors says why: mostly a key or a budget.
        </Fact>
      </Facts>
    </Part>
  );
}

/** The gateway, where there is one. */
export function GatewayPart({ gateway }: { gateway: Operations["gateway"] }) {
  if (gateway === null)
    return (
      <Part title="Gateway">
        <p className="muted">
          There is none. It lets applications and the Prompts page call models of any provider by one
          protocol: <code>spanfold serve --gateway-config gateway.yaml</code>.
        </p>
      </Part>
    );
  const loaded = gateway.loaded_at_unix_s;
  return (
    <Part title="Gateway" aside={<code>{gateway.file}</code>}>
      <Facts>
        <Fact name="Endpoints" value={count(gateway.endpoints.length)}>
          {gateway.endpoints.join(", ") || "The file names none."}
        </Fact>
        <Fact name="Calls under way" value={count(gateway.calls_underway)}>
          Waiting for a provider now.
        </Fact>
        <Fact
          name="File in force since"
          value={
            loaded === null ? "never" : <Time time={new Date(loaded * MS_PER_S).toISOString()} form="ago" />
          }
          isBad={gateway.error !== null}
        >
          {gateway.error ??
            `Taken anew ${count(gateway.reloads)} times; a change is in force within a second.`}
        </Fact>
      </Facts>
    </Part>
  );
}

/** Who reaches this server, and whose keys it has. */
export function AccessPart({ access }: { access: Operations["access"] }) {
  const { loopback_only: isLocal, bind_host: host } = access;
  return (
    <Part title="Access and keys">
      <Facts>
        <Fact name="Listens on" value={host ?? "not known"} isBad={isLocal === false}>
          {isLocal === null
            ? "Whoever started this server knows."
            : isLocal
              ? "Only this machine reaches it."
              : "Other machines reach it, and nobody is asked who they are: put a proxy before it that does."}
        </Fact>
        <Fact name="API keys" value={access.api_keys ? "asked for" : "none"}>
          {access.api_keys
            ? "Senders and readers need one."
            : "spanfold has no keys of its own yet: whoever reaches the server may read and write everything."}
        </Fact>
        {access.provider_keys.map((key) => (
          <Fact
            key={`${key.endpoint} ${key.provider}`}
            name={`Key of ${key.provider}`}
            value={key.is_set ? "set" : "not set"}
            isBad={key.endpoint !== null && !key.is_set}
          >
            {key.endpoint === null
              ? "For judges of evaluations; its value stays in the server's environment."
              : `For the gateway's endpoint ${key.endpoint}; its value stays with the server.`}
          </Fact>
        ))}
      </Facts>
    </Part>
  );
}
