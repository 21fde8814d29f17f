// file and video blocks, and files attached to a message.
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { link, textObject } from "../mrkdwn.js";
import { store } from "../store.js";
import { localUrl, picture } from "./layout.js";

function size(bytes) {
  if (!bytes) return "";
  return bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} kB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

const TEXT = /^(text\/|application\/(json|x-yaml|yaml))|markdown/;

/** A file of a message: pictures are shown, texts can be read in place, everything can be downloaded. */
export function fileCard(file) {
  const url = localUrl(file.url ?? file.url_private);
  const name = file.title || file.name;
  if (file.mimetype?.startsWith("image/") && url) {
    return h("figure", { class: "file-image", "data-file": file.id }, h("a", { href: url, target: "_blank", rel: "noopener" }, h("img", { src: url, alt: name, loading: "lazy" })), h("figcaption", {}, name));
  }
  const preview = h("pre", { class: "file-preview", hidden: true, tabindex: "0", "aria-label": `Contents of ${name}` });
  const show = async (event) => {
    const control = event.currentTarget;
    if (!preview.textContent) preview.textContent = (await (await fetch(url)).text()).slice(0, 20000);
    preview.hidden = !preview.hidden;
    control.setAttribute("aria-expanded", String(!preview.hidden));
    control.textContent = preview.hidden ? "Preview" : "Hide";
  };
  return h(
    "div",
    { class: "file-card", "data-file": file.id },
    h(
      "div",
      { class: "file-line" },
      h("span", { class: "file-badge" }, icon("file")),
      h("span", { class: "file-names" }, h("span", { class: "file-name" }, name), h("span", { class: "file-note" }, [file.mimetype, size(file.size)].filter(Boolean).join(" · "))),
      url && TEXT.test(file.mimetype ?? "") ? h("button", { class: "button button-small", "aria-expanded": "false", on: { click: show } }, "Preview") : null,
      url ? h("a", { class: "icon-button", href: url, download: file.name, "aria-label": `Download ${name}`, title: "Download" }, icon("download")) : null,
    ),
    preview,
  );
}

/** A remote file is named by its external id; when the workspace knows it, its card is shown. */
export function fileBlock(block) {
  const known = store.state.channels.flatMap((c) => c.messages.flatMap((m) => m.files ?? [])).find((f) => f.external_id === block.external_id);
  return h("div", {}, fileCard(known ?? { id: block.external_id, name: block.external_id, mimetype: "Remote file" }));
}

export function video(block) {
  const poster = h("div", { class: "video-poster" }, picture({ image_url: block.thumbnail_url, alt_text: block.alt_text }, "video-picture"), h("span", { class: "video-play" }, icon("play")));
  return h(
    "div",
    {},
    block.author_name || block.provider_name ? h("div", { class: "video-by" }, [block.provider_name, block.author_name].filter(Boolean).join(" · ")) : null,
    h("div", { class: "video-title" }, block.title_url ? link(block.title_url, textObject(block.title)) : textObject(block.title)),
    block.description ? h("div", { class: "video-text" }, textObject(block.description)) : null,
    poster,
  );
}
