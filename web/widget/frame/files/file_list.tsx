import { couldRun } from "@guichet/shared/file_texts";
import type { Attachment } from "@guichet/shared/protocol";
import { Component } from "preact";
import { FileIcon } from "./file_icon";
import type { Attachments } from "./server";
import { formatSize, t } from "./texts";

/** Of these, `attachments` makes small pictures. */
const PICTURES = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);
const KEPT_MS = 60_000;

/** The files of a message, each a button that downloads it. */
export function FileList({ files, server }: { files: readonly Attachment[]; server: Attachments }) {
  return (
    <ul class="files" aria-label={t("files")}>
      {files.map((file) => (
        <FileLine key={file.id} file={file} server={server} />
      ))}
    </ul>
  );
}

interface Props {
  file: Attachment;
  server: Attachments;
}

interface State {
  /** Address of the picture: empty while it is loading, null where there is none. */
  preview: string | null;
  told?: "downloading" | "gone" | "failed" | "couldRun" | undefined;
}

class FileLine extends Component<Props, State> {
  override state: State = { preview: PICTURES.has(this.props.file.media_type) ? "" : null };

  override async componentDidMount(): Promise<void> {
    if (this.state.preview === null) return;
    const bytes = await this.#bytes(true);
    this.setState({ preview: typeof bytes === "string" ? null : URL.createObjectURL(bytes) });
  }

  override componentWillUnmount(): void {
    if (this.state.preview) URL.revokeObjectURL(this.state.preview);
  }

  /** Warns first, where there is cause. */
  #ask = (): void => {
    if (couldRun(this.props.file)) this.setState({ told: "couldRun" });
    else void this.#download();
  };

  #download = async (): Promise<void> => {
    if (this.state.told === "downloading") return;
    this.setState({ told: "downloading" });
    const bytes = await this.#bytes();
    if (typeof bytes === "string") return this.setState({ told: bytes });
    this.setState({ told: undefined });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(bytes);
    link.download = this.props.file.name;
    link.click();
    // The browser reads the address after the click, when it has time.
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
  };

  /** The bytes, or why there are none. */
  async #bytes(preview = false): Promise<Blob | "gone" | "failed"> {
    try {
      const response = await this.props.server.get(this.props.file.id, preview);
      if (response.ok) return await response.blob();
      return response.status === 404 || response.status === 410 ? "gone" : "failed";
    } catch {
      return "failed"; // no network, as far as the visitor is concerned
    }
  }

  override render({ file }: Props, { preview, told }: State) {
    const size = formatSize(file.size);
    return (
      <li>
        <button
          type="button"
          class="file"
          title={file.name}
          aria-busy={told === "downloading"}
          onClick={this.#ask}
        >
          {preview !== null && <span class="picture">{preview && <img src={preview} alt="" />}</span>}
          <FileIcon />
          <span class="hidden">{t("download")}</span>
          <span class="name">{file.name}</span>
          <span class="size">{size}</span>
        </button>
        <span class="told" role="status">
          {told && t(told)}
        </span>
        {told === "couldRun" && (
          <button type="button" class="link" onClick={this.#download}>
            {t("anyway")}
          </button>
        )}
      </li>
    );
  }
}
