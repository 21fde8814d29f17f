// Block Kit: one function per block, one per element. `ctx` is the surface the blocks stand on (surface.js).
import { h } from "../dom.js";
import { alertBlock, card, carousel, container } from "./cards.js";
import { dataVisualization } from "./charts.js";
import { checkboxes, radioButtons } from "./choices.js";
import { actions, context, divider, header, image, imageElement, section } from "./layout.js";
import { fileBlock, video } from "./media.js";
import { button, contextActions, overflow, workflowButton } from "./buttons.js";
import { datePicker, dateTimePicker, fileInput, timePicker } from "./pickers.js";
import { inputBlock } from "./input.js";
import { markdownBlock, richText } from "./rich_text.js";
import { plan, taskCard } from "./plan.js";
import { richTextInput } from "./rich_text_input.js";
import { select } from "./select.js";
import { dataTable, table } from "./tables.js";
import { textInput } from "./text_inputs.js";

const BLOCKS = {
  actions,
  alert: alertBlock,
  card,
  carousel,
  container,
  context,
  context_actions: contextActions,
  data_table: dataTable,
  data_visualization: dataVisualization,
  divider,
  file: fileBlock,
  header,
  image,
  input: inputBlock,
  markdown: markdownBlock,
  plan,
  rich_text: richText,
  section,
  table,
  task_card: taskCard,
  video,
};

const ELEMENTS = {
  button,
  checkboxes,
  datepicker: datePicker,
  datetimepicker: dateTimePicker,
  email_text_input: textInput,
  file_input: fileInput,
  image: imageElement,
  number_input: textInput,
  overflow,
  plain_text_input: textInput,
  radio_buttons: radioButtons,
  rich_text_input: richTextInput,
  timepicker: timePicker,
  url_text_input: textInput,
  workflow_button: workflowButton,
};

/** One interactive element, wrapped so that tests and focus find it by its action id. */
export function renderElement(element, ctx, block) {
  const make = ELEMENTS[element.type] ?? (element.type.endsWith("_select") ? select : null);
  if (!make) return h("span", { class: "unknown-block" }, `Unsupported element: ${element.type}`);
  const node = make(element, ctx, block);
  if (element.action_id) {
    node.dataset.actionId = element.action_id;
    if (!node.dataset.focus) node.dataset.focus = `${block.block_id}/${element.action_id}`;
  }
  return node;
}

function renderBlock(block, ctx) {
  const make = BLOCKS[block.type];
  const node = make
    ? make(block, ctx)
    : h("div", { class: "unknown-block" }, `This workspace cannot show a block of type “${block.type}”.`);
  node.classList.add("block", `block-${block.type}`);
  if (block.block_id) node.dataset.blockId = block.block_id;
  return node;
}

/** The blocks of a message or view, in order. */
export function renderBlocks(blocks, ctx) {
  return (blocks ?? []).map((block, index) => renderBlock(block.block_id ? block : { ...block, block_id: `block-${index}` }, ctx));
}
