"""A vision-language model, trained on grounded explanations and measured: one step, end to end.

    python examples/vlm.py --data data/world --out results/vlm
    python examples/vlm.py --data data/world --out results/vlm --model CHECKPOINT --format qwen3-vl

Without `--model` the model is a tiny LLaVA with random weights, built here: it shows that files and
commands fit together, in a minute on a CPU. What it writes after one step is noise, and so are its
scores. With the name or the folder of a checkpoint, and the format of its boxes, the same lines
fine-tune that one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from rex.cli import main as rex
from rex.gqa.layout import Layout

SIDE, PATCH = 64, 16
CHAT = (
    "{% for message in messages %}{{ message['role'] }} : {% for part in message['content'] %}"
    "{{ '<image>' if part['type'] == 'image' else part['text'] }} {% endfor %}</s>{% endfor %}"
    "{% if add_generation_prompt %}assistant :{% endif %}"
)


def main() -> None:
    """Export, train, generate, evaluate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="GQA's layout (rex world make)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", help="a checkpoint (default: a tiny one, random)")
    parser.add_argument("--format", default="llava", help="of its boxes")
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--questions", type=int, default=8, help="answered on val")
    arguments = parser.parse_args()
    data, out = Layout(arguments.data), arguments.out
    rows = {
        split: export(data, split, out / f"{split}.jsonl", arguments.format)
        for split in ("train", "val")
    }
    torch.manual_seed(0)
    model, processor = load(arguments.model, rows["train"])
    train(model, processor, rows["train"], arguments.steps, arguments.batch)
    asked = rows["val"][: arguments.questions]
    with open(out / "answers.jsonl", "w", encoding="utf-8") as file:
        for row in asked:
            text = generate(model, processor, row)
            file.write(json.dumps({"question_id": row["question_id"], "text": text}) + "\n")
    evaluate(data, out, [row["question_id"] for row in asked], arguments.format)
    if arguments.model is None:
        print("The model is random: what it says is noise, and so are these scores.")


def run(*command: object) -> None:
    """Run a command of REX."""
    if rex([str(part) for part in command]):
        raise SystemExit(2)


def export(data: Layout, split: str, out: Path, name: str) -> list[dict[str, Any]]:
    """Write a split's training file, and return its rows."""
    files = ("--questions", data.questions(split), "--scene-graphs", data.scene_graphs(split))
    where = ("--images", data.images() / "{}.jpg", "--out", out)
    run("explain", "export", *files, "--format", name, "--layout", "messages", *where)
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def load(name: str | None, rows: list[dict[str, Any]]) -> tuple[Any, Any]:
    """Return a model and its processor: a checkpoint's, or a tiny LLaVA with random weights."""
    if name is not None:
        return AutoModelForImageTextToText.from_pretrained(name), AutoProcessor.from_pretrained(
            name
        )
    words = Tokenizer(models.WordLevel(unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["<unk>", "<pad>", "<s>", "</s>", "<image>"]
    texts = (turn["content"] for row in rows for turn in row["messages"])
    words.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=special))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words,
        unk_token="<unk>",
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=["<image>"],
    )
    size = {"height": SIDE, "width": SIDE}
    processor = LlavaProcessor(
        CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=size),
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT,
    )
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    vision = CLIPVisionConfig(**shape, num_attention_heads=2, image_size=SIDE, patch_size=PATCH)
    text = LlamaConfig(**shape, num_attention_heads=2, vocab_size=len(tokenizer))
    image_token = tokenizer.convert_tokens_to_ids("<image>")
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=image_token)
    return LlavaForConditionalGeneration(config), processor


def encode(processor: Any, row: dict[str, Any], *, with_reply: bool) -> Any:
    """Return a row as the model takes it: its image, its question, and with that its reply."""
    question = row["messages"][0]["content"].removeprefix("<image>")
    turns = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
    if with_reply:
        reply = [{"type": "text", "text": row["messages"][1]["content"]}]
        turns.append({"role": "assistant", "content": reply})
    text = processor.apply_chat_template(turns, add_generation_prompt=not with_reply)
    with Image.open(row["images"][0]) as image:
        return processor(images=image.convert("RGB"), text=text, return_tensors="pt")


def train(model: Any, processor: Any, rows: list[dict[str, Any]], steps: int, batch: int) -> None:
    """Learn the replies, a few rows a step; the loss is of the replies' tokens alone."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    model.train()
    for step in range(steps):
        losses = []
        for row in rows[step * batch : (step + 1) * batch]:
            inputs = encode(processor, row, with_reply=True)
            labels = inputs["input_ids"].clone()
            labels[:, : encode(processor, row, with_reply=False)["input_ids"].shape[1]] = -100
            losses.append(model(**inputs, labels=labels).loss)
        loss = torch.stack(losses).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        print(f"step {step}: loss {loss.item():.3f}")


def generate(model: Any, processor: Any, row: dict[str, Any]) -> str:
    """Return what the model says to a question."""
    inputs = encode(processor, row, with_reply=False)
    model.eval()
    with torch.no_grad():
        found = model.generate(**inputs, max_new_tokens=64, do_sample=False)
    said: str = processor.decode(found[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return said


def evaluate(data: Layout, out: Path, asked: list[str], name: str) -> None:
    """Measure the answers to some questions of val."""
    questions = json.loads(data.questions("val").read_text(encoding="utf-8"))
    some = out / "questions.json"
    some.write_text(json.dumps({key: questions[key] for key in asked}), encoding="utf-8")
    files = ("--questions", some, "--scene-graphs", data.scene_graphs("val"))
    truth = out / "explanations.parquet"
    run("explain", "build", *files, "--out", truth)
    measured = ("--explanations", truth, "--without-meteor", "--format", name)
    listed = ("--unread", out / "unread.jsonl", "--method", "vlm", "--out", out / "metrics.json")
    run("evaluate", out / "answers.jsonl", *files, *measured, *listed)


if __name__ == "__main__":
    main()
