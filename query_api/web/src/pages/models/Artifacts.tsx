import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { fetched } from "@/api/fetched";
import styles from "@/pages/models/Model.module.css";
import { ErrorBox } from "@/ui/ErrorBox";
import { bytes, count } from "@/ui/format";
import { Loading } from "@/ui/Loading";

type Entry = Schemas["ArtifactEntry"];

const PAGE_FILES = 200;
const MAX_PREVIEW_BYTES = 256_000;

function addressOf(modelId: string, path: string): string {
  const parts = path.split("/").map(encodeURIComponent).join("/");
  return `/v1/models/${encodeURIComponent(modelId)}/artifacts/${parts}`;
}

/** Bytes as text; null where they are none. */
function textOfBytes(content: ArrayBuffer): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

function Preview({ modelId, path }: { modelId: string; path: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["model", modelId, "file", path],
    queryFn: async ({ signal }) => {
      const got = await fetched(addressOf(modelId, path), signal);
      return { text: textOfBytes(await got.arrayBuffer()) };
    },
  });
  if (error) return <ErrorBox error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading heightPx={80} />;
  if (data.text === null) return <p className="muted">This is no text. Download it to look inside.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className={styles.preview} tabIndex={0} aria-label={`Content of ${path}`}>
      <pre>{data.text}</pre>
    </section>
  );
}

interface FolderProps {
  modelId: string;
  path: string;
  file: string | undefined;
  onFile: (path: string | undefined) => void;
}

function FileItem({ entry, modelId, file, onFile }: FolderProps & { entry: Entry }) {
  const name = entry.path.slice(entry.path.lastIndexOf("/") + 1);
  const isSmall = (entry.size_bytes ?? Number.POSITIVE_INFINITY) <= MAX_PREVIEW_BYTES;
  const isShown = file === entry.path;
  return (
    <li>
      <div className={styles.file}>
        <span className={styles.value} title={entry.sha256 === null ? undefined : `SHA-256 ${entry.sha256}`}>
          {name}
        </span>
        <span className="row">
          <span className="muted number">{bytes(entry.size_bytes)}</span>
          {isSmall && (
            <button
              type="button"
              className="button small"
              aria-expanded={isShown}
              aria-label={`${isShown ? "Hide" : "Show"} ${name}`}
              onClick={() => onFile(isShown ? undefined : entry.path)}
            >
              {isShown ? "Hide" : "Show"}
            </button>
          )}
          <a
            className="button small"
            href={addressOf(modelId, entry.path)}
            download={name}
            aria-label={`Download ${name}`}
          >
            Download
          </a>
        </span>
      </div>
      {isShown && isSmall && <Preview modelId={modelId} path={entry.path} />}
    </li>
  );
}

function FolderItem(props: FolderProps) {
  const [isOpen, setIsOpen] = useState(props.file?.startsWith(`${props.path}/`) ?? false);
  return (
    <li>
      <details open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
        <summary>{props.path.slice(props.path.lastIndexOf("/") + 1)}/</summary>
        {isOpen && <Folder {...props} />}
      </details>
    </li>
  );
}

/** What is in a folder; folders in it are asked for when they are opened. */
function Folder(props: FolderProps) {
  const { modelId, path } = props;
  const found = useInfiniteQuery({
    queryKey: ["model", modelId, "artifacts", path],
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/v1/models/{model_id}/artifacts", {
          params: {
            path: { model_id: modelId },
            query: { path, limit: PAGE_FILES, ...(pageParam && { page_token: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token ?? undefined,
  });
  if (found.error) return <ErrorBox error={found.error} onRetry={() => void found.refetch()} />;
  if (found.data === undefined) return <Loading heightPx={40} />;
  const entries = found.data.pages.flatMap((page) => page.artifacts);
  if (entries.length === 0)
    return (
      <p className="muted">
        No files. <code>spanfold.log_artifacts("folder")</code> adds them.
      </p>
    );
  return (
    <>
      <ul className={styles.files}>
        {entries.map((entry) =>
          entry.is_dir ? (
            <FolderItem key={entry.path} {...props} path={entry.path} />
          ) : (
            <FileItem key={entry.path} {...props} entry={entry} />
          ),
        )}
      </ul>
      {found.hasNextPage && (
        <button type="button" className="button small" onClick={() => void found.fetchNextPage()}>
          Show more than {count(entries.length)}
        </button>
      )}
    </>
  );
}

/** The files of a version: a tree, of which small text files can be read here. */
export function Artifacts({ modelId, file, onFile }: Omit<FolderProps, "path">) {
  // A version that another system names may have a slash in its ID, which the address of files cannot say.
  if (modelId.includes("/")) return <p className="muted">Only logged models have files.</p>;
  return <Folder modelId={modelId} path="" file={file} onFile={onFile} />;
}
