"""Train a model to write a warmup before its output: python quickstart.py [MODEL] [UPDATES]"""

import random
import sys

from datasets import Dataset

from warmup import WarmupConfig, WarmupTrainer

model = sys.argv[1] if len(sys.argv) > 1 else "google-t5/t5-small"
updates = int(sys.argv[2]) if len(sys.argv) > 2 else 300

random.seed(1)
texts = [random.choices("abcdefgh", k=random.randint(3, 6)) for _ in range(1000)]
rows = [{"source": " ".join(text), "target": " ".join(sorted(text))} for text in texts]
data = Dataset.from_list(rows).train_test_split(100, seed=1)

settings = WarmupConfig(
    "sorting",  # folder of checkpoints
    max_steps=updates,
    warmup_samples=4,  # warmups per example, N
    max_warmup_tokens=7,  # longest warmup, K
    reference_kl={"updates": max(updates // 3, 1)},  # stay near the start model at first
)
trainer = WarmupTrainer(model, settings, train_dataset=data["train"], eval_dataset=data["test"])
trainer.train()
print(trainer.evaluate()["eval_loss"])  # nats per example
for found in trainer.generate(["c a b", "h d a d"]):
    print(found["warmup"], "->", found["output"])
trainer.save_model("sorting/model")  # load it with WarmupModel.from_pretrained
