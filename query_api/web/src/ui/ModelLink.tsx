import { Link } from "@tanstack/react-router";
import styles from "@/ui/ModelLink.module.css";
import { shortId } from "@/ui/models";

interface Props {
  modelId: string;
  /** Without it only the ID shows. */
  name?: string | null;
}

/** A version by name and short ID; leads to its page. The whole ID shows when the pointer rests on it. */
export function ModelLink({ modelId, name }: Props) {
  if (modelId === "") return <span className="muted">no version</span>;
  const isNamed = name !== undefined && name !== null && name !== "" && name !== modelId;
  return (
    <Link to="/models/$modelId" params={{ modelId }} title={modelId} className={styles.link}>
      {isNamed && <span className={styles.name}>{name}</span>}
      <span className={isNamed ? styles.id : styles.name}>{shortId(modelId)}</span>
    </Link>
  );
}
