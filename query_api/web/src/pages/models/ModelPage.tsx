import { Page } from "@/ui/Page";

export default function ModelPage() {
  return <Page title="Model">{null}</Page>;
}
