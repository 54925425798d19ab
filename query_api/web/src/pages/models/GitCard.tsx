import { commitUrl, type Git, repositoryUrl, shortCommit } from "@/pages/models/git";
import styles from "@/pages/models/Model.module.css";
import { CopyButton } from "@/ui/CopyButton";

function Outside({ href, children }: { href: string | null; children: string }) {
  if (href === null) return <span className={styles.value}>{children}</span>;
  return (
    <a href={href} rel="noreferrer noopener" target="_blank" className={styles.value}>
      {children}
    </a>
  );
}

/** The lines of a diff that git wrote. */
function GitDiff({ text }: { text: string }) {
  return (
    <details>
      <summary>Uncommitted changes</summary>
      <pre className={styles.diff}>
        {text.split("\n").map((line, index) => {
          const isFile = line.startsWith("+++") || line.startsWith("---");
          const kind = isFile
            ? ""
            : line.startsWith("+")
              ? styles.added
              : line.startsWith("-")
                ? styles.removed
                : "";
          return (
            <span key={index} className={kind}>
              {line}
              {"\n"}
            </span>
          );
        })}
      </pre>
    </details>
  );
}

/** The source that the version was made from. The whole address of each link is shown. */
export function GitCard({ git }: { git: Git }) {
  const size = git.tags.filter(([key]) => /diff[._](files|insertions|deletions)$/.test(key));
  return (
    <div className="stack">
      <dl className={styles.facts}>
        {git.commit !== null && (
          <>
            <dt>Commit</dt>
            <dd className="row">
              <code title={git.commit}>
                <Outside href={commitUrl(git)}>{shortCommit(git.commit)}</Outside>
              </code>
              <CopyButton text={git.commit} />
            </dd>
          </>
        )}
        {git.branch !== null && (
          <>
            <dt>Branch</dt>
            <dd className={styles.value}>{git.branch}</dd>
          </>
        )}
        {git.remote !== null && (
          <>
            <dt>Repository</dt>
            <dd>
              <Outside href={repositoryUrl(git.remote)}>{repositoryUrl(git.remote) ?? git.remote}</Outside>
            </dd>
          </>
        )}
        {git.isDirty !== null && (
          <>
            <dt>Working tree</dt>
            <dd>
              {git.isDirty ? "had uncommitted changes" : "clean"}
              {git.isDirty && size.length > 0 && (
                <span className="muted">
                  {": "}
                  {size.map(([key, value]) => `${value} ${key.slice(key.lastIndexOf(".") + 1)}`).join(", ")}
                </span>
              )}
            </dd>
          </>
        )}
      </dl>
      {git.diff !== null && <GitDiff text={git.diff} />}
    </div>
  );
}
