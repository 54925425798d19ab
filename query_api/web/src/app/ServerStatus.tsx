import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { LostServerError } from "@/api/problem";
import styles from "@/app/ServerStatus.module.css";

const RETRY_MS = 2_000;

/** Says that the server is away, and asks everything anew once it answers. */
export function ServerStatus() {
  const queryClient = useQueryClient();
  const [isLost, setIsLost] = useState(false);
  useEffect(
    () =>
      queryClient.getQueryCache().subscribe((event) => {
        if (event.type === "updated" && event.action.type === "error") {
          if (event.action.error instanceof LostServerError) setIsLost(true);
        }
      }),
    [queryClient],
  );
  useEffect(() => {
    if (!isLost) return;
    const timer = setInterval(async () => {
      if (document.hidden) return;
      const response = await fetch("/health", { signal: AbortSignal.timeout(RETRY_MS) }).catch(() => null);
      if (response?.ok) {
        setIsLost(false);
        await queryClient.invalidateQueries();
      }
    }, RETRY_MS);
    return () => clearInterval(timer);
  }, [isLost, queryClient]);
  if (!isLost) return null;
  return (
    <div role="alert" className={styles.lost}>
      The server does not answer. What you see is what it said last; the page goes on by itself once it
      answers. If it was stopped, start it again: <code>spanfold serve</code>
    </div>
  );
}
