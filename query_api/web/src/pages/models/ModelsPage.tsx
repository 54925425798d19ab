import { Page } from "@/ui/Page";

export default function ModelsPage() {
  return <Page title="Models">{null}</Page>;
}
