"""Merged tables: every cell as it was, every row once, and nothing half written."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_federated.merging import Merged, MergeError, find_files, merge_files

OURS = "run_id,round,client_id,accuracy,loss,f1,rmse,MLaaS_ID\n"
THEIRS = 'run_id,hidden_layers,round,client_id,accuracy\nc87,"64,32",1,client_1,0.3346\n'


@pytest.fixture
def write(tmp_path):
    def write_file(name, text, **options):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, **{"encoding": "utf-8", "newline": "", **options})
        return path

    return write_file


@pytest.fixture
def merge(tmp_path):
    def merge_some(*files, **options):
        output = tmp_path / "merged.csv"
        return merge_files(files, output, **options), output.read_text(encoding="utf-8")

    return merge_some


def row(run="r", number=1, client="client_1", scores="0.5,1.25,0.5", rmse="nan"):
    return f"{run},{number},{client},{scores},{rmse},7\n"


def test_columns_are_united_in_order_and_cells_stay_as_they_are(write, merge):
    first = write("a.csv", 'x,y\n0.10,"a\nb"\n1e-05,\n')
    second = write("b.csv", 'z,y\n"1,0",007\n')
    merged, text = merge(first, second, start=5)

    assert text == 'x,y,z,MLaaS_ID\n0.10,"a\nb",,5\n1e-05,,,6\n,007,"1,0",7\n'
    assert merged == Merged(files=2, rows=3, columns=4, dropped=0, conflicts=0)


def test_files_of_the_original_go_with_ours(write, merge):
    _, text = merge(write("theirs.csv", THEIRS), write("ours.csv", OURS + row()))

    assert list(csv.reader(text.splitlines())) == [
        ["run_id", "hidden_layers", "round", "client_id", "accuracy", "loss", "f1", "rmse",
         "MLaaS_ID"],
        ["c87", "64,32", "1", "client_1", "0.3346", "", "", "", "1"],
        ["r", "", "1", "client_1", "0.5", "1.25", "0.5", "nan", "2"],
    ]  # fmt: skip


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@given(st.lists(st.tuples(CELLS, CELLS)), st.lists(st.tuples(CELLS)))
def test_any_text_survives(tmp_path_factory, left, right):
    folder = tmp_path_factory.mktemp("text")
    for name, header, rows in (("l.csv", ("a", "b"), left), ("r.csv", ("b",), right)):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    merge_files([folder / "l.csv", folder / "r.csv"], folder / "m.csv")

    text = (folder / "m.csv").read_bytes().decode()
    _, *found = csv.reader(io.StringIO(text, newline=""))
    wanted = [[*pair] for pair in left] + [["", cell] for (cell,) in right]
    assert [cells[:2] for cells in found] == wanted


def test_an_id_column_is_replaced_and_moved_to_the_end(write, merge):
    _, text = merge(write("a.csv", "n,x\n9,a\n8,b\n"), id_column="n", start=100)

    assert text == "x,n\na,100\nb,101\n"


def test_byte_order_marks_and_empty_lines_are_no_values(write, merge):
    _, text = merge(write("a.csv", "\ufeffx,y\r\n1,2\r\n\r\n3,4\r\n"))

    assert text == "x,y,MLaaS_ID\n1,2,1\n3,4,2\n"


def test_the_same_run_in_two_files_counts_once(write, merge):
    """Whatever else differs: columns, times, or how pandas writes a round."""
    first = write("a.csv", OURS + row() + row(number=2) + row(client="client_2"))
    second = write("b.csv", "round,client_id,run_id,cpu_time\n1.0,client_1,r,3.5\n3,client_1,r,4\n")
    merged, text = merge(first, second, dedupe=True)

    assert merged[1:] == (4, 9, 1, 0)
    assert text.splitlines()[-1] == "r,3,client_1,,,,,4,4"


@pytest.mark.parametrize(
    ("scores", "conflicts"),
    [("0.5,1.25,0.5", 0), ("0.50,1.250,5e-1", 0), ("0.5,,nan", 0), ("0.5,1.25,0.6", 1)],
)
def test_other_scores_of_the_same_row_are_a_conflict(write, merge, scores, conflicts):
    files = write("a.csv", OURS + row()), write("b.csv", OURS + row(scores=scores))
    merged, text = merge(*files, dedupe=True)

    assert (merged.rows, merged.dropped, merged.conflicts) == (1, 1, conflicts)
    assert "0.5,1.25,0.5" in text


def test_rows_without_identity_are_compared_by_all_but_the_id(write, merge):
    first = write("a.csv", "x,y,MLaaS_ID\n1,,1\n1,,2\n1,2,3\n")
    second = write("b.csv", "y,x,run_id\n2,1,\n2,1,r\n")
    merged, text = merge(first, second, dedupe=True)

    assert merged.dropped == 2
    assert text == "x,y,run_id,MLaaS_ID\n1,,,1\n1,2,,2\n1,2,r,3\n"


def test_without_dedupe_every_row_stays(write, merge):
    path = write("a.csv", "x\n1\n1\n")

    assert merge(path, path)[0].rows == 4


def test_globs_are_sorted_and_each_file_is_read_once(write, tmp_path, monkeypatch):
    names = ["b.csv", "a.csv", "in/c.csv", "in/.hidden.csv", "[x].csv"]
    paths = [write(name, "x\n") for name in names]
    monkeypatch.chdir(tmp_path)

    assert [str(path) for path in find_files(["b.csv", "./*.csv", str(paths[0])])] == [
        "b.csv", "[x].csv", "a.csv",
    ]  # fmt: skip
    assert find_files([f"{tmp_path}/**/*.csv"]) == [paths[4], paths[1], paths[0], paths[2]]
    assert [str(path) for path in find_files(["[x].csv", "**/c.csv"])] == ["[x].csv", "in/c.csv"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("c.csv", "c.csv does not exist; name another file"),
        ("c*.csv", r"no file matches '.*c\*\.csv'; check the folder"),
        ("in", r"in is a folder; name its files, such as '.*in/\*\.csv'"),
    ],
)
def test_files_that_are_not_there_are_said(write, tmp_path, name, message):
    write("in/a.csv", "x\n")
    with pytest.raises(MergeError, match=message):
        find_files([str(tmp_path / name)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.csv has no header, it is empty"),
        ("\n\n", "a.csv has no header, it is empty"),
        ("0.5,x\n", "no header: its first line holds the number 0.5"),
        ("x,y,x\n", "no header: its first line holds 'x' twice"),
        ("\0PNG\n", "a.csv is not a csv file: it holds binary data"),
        ("x,y\n1,2\n3\n", "a.csv: row 2 has 1 values, and the header 2"),
        ("x,y\n1,2,3\n", "a.csv: row 1 has 3 values, and the header 2"),
        ('x,y\n1,2\n3,"4', "a.csv: row 2 is not csv: unexpected end of data"),
    ],
)
def test_what_is_no_table_is_said_and_changes_nothing(write, tmp_path, text, message):
    old = write("merged.csv", "old")
    files = [write("good.csv", "x\n1\n"), write("a.csv", text)]
    with pytest.raises(MergeError, match=message) as caught:
        merge_files(files, old, force=True)

    assert "\n" not in str(caught.value)
    assert old.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_in_another_encoding_is_said(write, merge):
    with pytest.raises(MergeError, match=r"a\.csv is not a csv file: it is not text in UTF-8"):
        merge(write("a.csv", "x\nä\n", encoding="latin-1"))


def test_an_existing_output_needs_force_and_may_be_an_input(write):
    old, new = write("old.csv", OURS + row()), write("new.csv", OURS + row() + row(number=2))
    for files, message in (([new], "old.csv exists"), ([old, new], "is one of the files to merge")):
        with pytest.raises(MergeError, match=message):
            merge_files(files, old)
    for _ in range(2):
        assert merge_files([old, new], old, dedupe=True, force=True).rows == 2

    assert [line[-2:] for line in old.read_text().splitlines()[1:]] == [",1", ",2"]


def test_an_output_without_folder_is_said(write, tmp_path):
    path = write("a.csv", "x\n")
    for output, message in ((tmp_path / "no" / "m.csv", "not a folder"), (tmp_path, "is a folder")):
        with pytest.raises(MergeError, match=message):
            merge_files([path], output)
