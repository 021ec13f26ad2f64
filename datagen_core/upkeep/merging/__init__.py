"""Joining two caches: `datagen import` brings what another cache has into one.

Samples are functions of their index, so sets of the same identity, whatever their numbers and
folders are called, have the union of their files. Where two caches say different things of the same
samples, those here stay, and what is refused is listed:

- a set whose samples differ from those here with the same indices: nothing of it is imported;
- a sample that is in a split here and in another one there, or excluded there and in none: its
  place here stays as it is;
- a file that is damaged, or is not what datagen writes: it stays where it is.

The other cache is data, which somebody else may have made: nothing of it is run or approved, no
link in it is followed, and nothing is written there.

**Order.** A set is imported in steps, each of which is durable before the next one begins:

1. input files, the documents of codes, and the set with its schema: all without samples;
2. runs, which reserve their ranges, so that later runs begin behind all that comes;
3. probes, so that the set counts as mixed before it is;
4. the ledger holds the samples back that are in a split there, or excluded, and are not here yet:
   they are neither raw nor in a split, so that no move takes them into another one;
5. files with samples: what is raw there is raw here at once;
6. one generation of the ledger has all splits and exclusions, and holds nothing back any more;
7. results, views and frozen digests, which are about samples that are there;
8. the number, last: nobody lists a set that is not whole.

So no reader sees a sample in a wrong split, and none that was there is gone. Whatever a killed
import did is found done by the next one. What it held back stays held until then, which `verify`
reports.

A cache that is imported into itself is mended, as after `cp -r` of one over another: sets get
numbers, second numbers are given up, runs that only their samples tell of get records, and ledgers
of which both were copied are joined.
"""
