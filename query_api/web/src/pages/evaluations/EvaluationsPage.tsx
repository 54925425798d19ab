import { Page } from "@/ui/Page";

export default function EvaluationsPage() {
  return <Page title="Evaluations">{null}</Page>;
}
