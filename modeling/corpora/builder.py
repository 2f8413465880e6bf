# SPDX-License-Identifier: Apache-2.0
"""From inputs to a corpus: the steps, their order, and what an interruption leaves.

1. Inputs are read, each by one process, into segments in a hidden folder.
2. From a few numbers of each article it is decided which ones stay.
3. Their documents are copied to the files of the corpus; then the report is written.

Each step writes files whole and finds what was written before. The hidden folder
needs as much room as the corpus, and is removed at the end.
"""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from absl import logging

from modeling import cores, errors, files
from modeling.corpora import (
    collecting,
    filters,
    groups,
    held_out,
    inputs,
    manifest,
    output_folders,
    progress,
    records,
    segments,
    selection,
    shards,
    workers,
)
from modeling.corpora import settings as settings_lib

# What a corpus does not depend on.
_FREE = ("output_dir", "num_workers")
# What segments do not depend on.
_LATER = (*_FREE, "exact_duplicates", "near_duplicate_similarity", "shard_size")


def build(settings: settings_lib.Settings) -> dict[str, Any]:
    """Makes a corpus, or what an interrupted run left to do of it.

    Args:
        settings: What to make it from, and where to.

    Returns:
        The manifest.

    Raises:
        errors.InputError: If an input is bad and not to be skipped, nothing is
            left to write, or the folder holds something else.
    """
    return _Builder(settings).run()


class _Builder:
    """A run, from the settings to the manifest."""

    def __init__(self, settings: settings_lib.Settings) -> None:
        self._settings = settings
        self._index = held_out.make_index(
            settings.exclude_texts, min_words=settings.exclude_min_words
        )
        self._items = inputs.list_inputs(settings.input_paths)
        folder = output_folders.make_folder(settings.output_dir)
        self._collector = collecting.Collector(
            folder=folder / output_folders.WORK,
            wanted=filters.make_filter(settings),
            index=self._index,
            include_title=settings.include_titles,
            signs=settings.near_duplicates,
            skips=settings.on_error == "skip",
            segment_size=collecting.SEGMENT_SIZE,
        )
        self._groups = groups.make_groups(self._items, options=self._hash(_LATER))
        self._output = output_folders.OutputFolder(
            folder, key=self._hash(_FREE, *(group.key for group in self._groups))
        )

    def run(self) -> dict[str, Any]:
        """Does what is left to do."""
        output = self._output
        done = output.read_finished()
        if done is not None:
            logging.info("%s: The corpus is there already, whole.", output.folder)
            output.remove_work()
            return done
        output.sweep({group.key for group in self._groups})
        self._collect()
        chosen = self._select()
        written = self._write_shards(chosen)
        result = self._report(chosen, written)
        output.remove_work()
        return result

    def _hash(self, left_out: Sequence[str], *others: str) -> str:
        """Returns what tells settings from others, and the inputs' keys if given."""
        values = dataclasses.asdict(self._settings)
        # Files may change under their names.
        values["exclude_texts"] = [
            dataclasses.astuple(sentence) for sentence in self._index.sentences
        ]
        values["journals"] = sorted(
            key.decode("utf-8", "replace") for key in self._collector.wanted.journals
        )
        values["input"] = ""  # The groups have keys of their own.
        used = [[name, values[name]] for name in values if name not in left_out]
        return hashlib.sha256(json.dumps([used, *others]).encode()).hexdigest()

    def _collect(self) -> None:
        """Reads all inputs that were not read before."""
        known = {
            group.key
            for group in self._groups
            if segments.find_segments(self._output.work, group.key)[1]
        }
        tasks = [group for group in self._groups if group.key not in known]
        # Large ones first, so that no process is alone with one in the end.
        tasks.sort(key=lambda group: group.size, reverse=True)
        num_bytes = sum(group.size for group in tasks)
        logging.info(
            "Reading %d inputs, %d bytes, in %d processes%s.",
            sum(len(group.items) for group in tasks),
            num_bytes,
            self._num_workers(len(tasks)),
            f"; {len(self._items)} in all, the others were read before" * bool(known),
        )
        shown = progress.Progress(num_bytes=num_bytes)
        done = workers.run_tasks(
            collecting.collect,
            tasks,
            shared=self._collector,
            tally=shown.tally,
            num_workers=self._num_workers(len(tasks)),
            on_wait=shown.show,
        )
        for number in done:
            found, _ = segments.find_segments(self._output.work, tasks[number].key)
            words = sum(int(s.read_records()["words"].sum()) for s in found)
            shown.finish(num_bytes=tasks[number].size, num_words=words)
        shown.show_end()

    def _select(self) -> selection.Selection:
        """Decides which articles stay."""
        settings = self._settings
        similarity = settings.near_duplicate_similarity
        chosen = selection.select(
            [
                segment
                for group in self._groups
                for segment in segments.find_segments(self._output.work, group.key)[0]
            ],
            exact_duplicates=settings.exact_duplicates,
            near_similarity=similarity if settings.near_duplicates else None,
        )
        counts = chosen.count()
        if not counts["kept"]:
            reasons = [f"{counts[name]} {name}" for name in records.MEANINGS]
            dropped = [text for text in reasons if not text.startswith("0 ")]
            raise errors.InputError(
                "A corpus must have a document. Received: none from "
                f"{len(self._items)} inputs ({', '.join(dropped) or 'no articles'})."
            )
        return chosen

    def _write_shards(self, chosen: selection.Selection) -> list[dict[str, Any]]:
        """Writes the files of the corpus; returns what the manifest says of them."""
        planned = shards.plan_shards(
            chosen, max_bytes=self._settings.shard_size * 10**6
        )
        names = shards.shard_names(len(planned))
        targets = [
            shards.Target(shard, *self._output.place(name))
            for shard, name in zip(planned, names, strict=True)
        ]
        self._output.write_plan(names)
        logging.info("Writing %d files.", len(targets))
        done = workers.run_tasks(
            shards.write_shard,
            targets,
            shared=None,
            tally=workers.Tally(),
            num_workers=self._num_workers(len(targets)),
        )
        for _ in done:
            pass
        return [
            {
                "file": target.path.name,
                "documents": target.shard.num_documents,
                "sentences": target.shard.num_sentences,
                "words": target.shard.num_words,
                "bytes": target.shard.num_bytes,
                "sha256": shards.read_noted(target),
            }
            for target in targets
        ]

    def _report(
        self, chosen: selection.Selection, written: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Writes the report, the manifest at the end."""
        totals = manifest.add_up(chosen, num_inputs=len(self._items))
        values = dataclasses.asdict(self._settings)
        folder = self._output.folder
        result = {"key": self._output.key} | manifest.describe(
            chosen,
            totals,
            items=self._items,
            settings={name: values[name] for name in values if name not in _FREE},
            index=self._index,
            shards=written,
        )
        manifest.write_tables(
            folder, chosen, totals, items=self._items, index=self._index
        )
        files.write_text(folder / manifest.REPORT, manifest.format_report(result))
        files.write_json(folder / manifest.MANIFEST, result)
        return result

    def _num_workers(self, num_tasks: int) -> int:
        wanted = self._settings.num_workers or cores.count()
        return max(1, min(wanted, num_tasks))
