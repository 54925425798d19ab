import { Page } from "@/ui/Page";

export default function NewEvaluationPage() {
  return <Page title="New evaluation">{null}</Page>;
}
