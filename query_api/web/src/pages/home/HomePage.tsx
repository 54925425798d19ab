import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { Period } from "@/api/period";
import { FirstArrived, FirstTrace } from "@/pages/home/FirstTrace";
import { HomePeriod } from "@/pages/home/HomePeriod";
import styles from "@/pages/home/home.module.css";
import { NewestTraces } from "@/pages/home/NewestTraces";
import { Quiet } from "@/pages/home/Quiet";
import { changes, newestTrace, useHead } from "@/pages/home/queries";
import { Regressions } from "@/pages/home/Regressions";
import { chosen } from "@/pages/home/search";
import { Totals } from "@/pages/home/Totals";
import { Versions } from "@/pages/home/Versions";
import { ErrorBox } from "@/ui/ErrorBox";
import { Loading } from "@/ui/Loading";
import { Page } from "@/ui/Page";

/** What changed from one period to the next: what got worse, all traffic, the versions, the newest traces. */
function Changed({ period, newestTime }: { period: Period; newestTime: string }) {
  const { data, error, refetch } = useQuery(changes(period));
  if (error !== null) return <ErrorBox error={error} onRetry={refetch} />;
  if (data === undefined) return <Loading heightPx={640} />;
  if (data.totals.current.trace_count === 0)
    return <Quiet period={period} newestTime={newestTime} before={data.totals.previous.trace_count} />;
  return (
    <>
      <Regressions models={data.models} period={period} />
      <Totals totals={data.totals} period={period} />
      <Versions models={data.models} period={period} />
      <div className={styles.newest}>
        <NewestTraces
          title="Newest errors"
          period={period}
          filter="status = 'ERROR'"
          none="No trace failed"
        />
        <NewestTraces title="Newest traces" period={period} none="No traces" />
      </div>
    </>
  );
}

export default function HomePage() {
  const period = chosen(useSearch({ from: "/" }));
  const navigate = useNavigate({ from: "/" });
  useHead(period);
  const newest = useQuery(newestTrace());
  const [wasEmpty, setWasEmpty] = useState(false);
  useEffect(() => {
    if (newest.data === null) setWasEmpty(true);
  }, [newest.data]);
  const choose = (search: Period) => void navigate({ search });
  return (
    <Page title="Home" actions={newest.data && <HomePeriod period={period} onChange={choose} />}>
      {newest.error !== null && newest.data === undefined ? (
        <ErrorBox error={newest.error} onRetry={newest.refetch} />
      ) : newest.data === undefined ? (
        <Loading heightPx={640} />
      ) : newest.data === null ? (
        <FirstTrace />
      ) : (
        <>
          {wasEmpty && <FirstArrived traceId={newest.data.trace_id} name={newest.data.name} />}
          <Changed period={period} newestTime={newest.data.start_time} />
        </>
      )}
    </Page>
  );
}
