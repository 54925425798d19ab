import { Page } from "@/ui/Page";

export default function EvaluationPage() {
  return <Page title="Evaluation">{null}</Page>;
}
