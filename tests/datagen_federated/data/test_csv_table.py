import numpy as np
import pytest

from datagen_federated.data import DataError, load_data

ROWS = "a,b,kind\n1,2.5,x\n2,3.5,y\n3,4.5,x\n4,5.5,y\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def rows(*cells, header="a,b,y"):
    return "\n".join([header, *cells, ""])


def test_the_last_column_is_the_target(write):
    data = load_data("csv", file=write(ROWS), test_size=0.5)
    assert data.task == "classification"
    assert data.classes == ("x", "y")
    assert (data.x.shape, data.x_test.shape) == ((2, 2), (2, 2))
    assert sorted([*data.y, *data.y_test]) == [0, 0, 1, 1]
    assert data.notes == ("the 2 classes of 'kind' were numbered: x -> 0, y -> 1",)


def test_another_column_may_be_the_target(write):
    data = load_data("csv", file=write(ROWS), target="b", id_column="kind", test_size=0.25)
    assert data.task == "regression"
    assert data.classes == ()
    assert (data.x.shape, data.y.dtype) == ((3, 1), np.float32)
    assert sorted(data.columns) == ["a", "kind"]
    assert set(data.columns["kind"]) == {"x", "y"}


def test_columns_belong_to_the_rows_of_training_and_are_not_scaled(write):
    content = rows(*(f"{i},{i * i},c{i},{i % 3}" for i in range(30)), header="a,b,client,y")
    data = load_data("csv", file=write(content), id_column="client", scaler="none")
    assert data.columns["client"].tolist() == [f"c{a:.0f}" for a in data.x[:, 0]]
    assert data.columns["b"].tolist() == data.x[:, 1].tolist()
    assert (data.y == data.x[:, 0] % 3).all()
    assert (data.y_test == data.x_test[:, 0] % 3).all()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_dialects_of_spreadsheets_are_read(write, delimiter, end):
    content = "\ufeff" + ROWS.replace(",", delimiter).replace("\n", end) + end
    data = load_data("csv", file=write(content), scaler="none", test_size=0.5)
    assert sorted([*data.x[:, 0], *data.x_test[:, 0]]) == [1, 2, 3, 4]


def test_spaces_and_quotes_around_cells_do_not_matter(write):
    content = 'a, b ,"y"\n 1 ,"2", p\n3,4,q \n5,6,p\n7,8,q\n'
    assert load_data("csv", file=write(content), target="y").classes == ("p", "q")


@pytest.mark.parametrize(
    ("values", "task", "found"),
    [
        ("0 1 0 1", None, "classification"),
        ("0.0 1.0 0.0 1.0", None, "regression"),
        ("0.0 1.0 0.0 1.0", "classification", "classification"),
        ("0 1 0 1", "regression", "regression"),
        ("no NA no NA", None, "classification"),
    ],
)
def test_the_target_decides_the_task_and_the_user_overrules(write, values, task, found):
    content = rows(*(f"1,{i},{y}" for i, y in enumerate(values.split())))
    assert load_data("csv", file=write(content), task=task).task == found


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (rows("1,2,0", "3,,1"), {}, r"no value in column 'b', row 2 \(line 3\): ''; fill it in"),
        (rows("1,2,0", "", "3,nan,1"), {}, r"column 'b', row 2 \(line 4\): 'nan'"),
        (rows("1,2,0", "3,inf,1"), {}, r"column 'b', row 2 \(line 3\): 'inf'"),
        (rows("1,2,0.5", "3,4,NaN"), {}, r"column 'y', row 2 \(line 3\): 'NaN'"),
        (rows("1,2,0.5", "3,4,"), {}, r"column 'y', row 2 \(line 3\): ''"),
        (rows("1,2,p", "3,4,"), {}, r"column 'y', row 2 \(line 3\): ''"),
        (rows("1,2,0", "3,east,1"), {}, r"text in column 'b' \('east' in row 2 .* as id_column"),
        (ROWS, {"target": "knd"}, r"no column 'knd'; did you mean 'kind'\? There are: a, b, kind"),
        (ROWS, {"id_column": "c"}, "no column 'c'; There are: a, b, kind"),
        (ROWS, {"target": "a", "id_column": "b"}, "text in column 'kind'"),
        (rows("1,p", "2,q", header="a,y"), {"id_column": "a"}, "no column besides y, a"),
        (rows("1,2,0", "3,4"), {}, "2 values in line 3, but 3 columns"),
        ("a,b,y\n", {}, "no rows below its header"),
        (rows("1,2,0", header="a,a,y"), {}, "two columns 'a'"),
        (rows("1,2,0", header=",a,y"), {}, "no name for column 1"),
        (rows("1,2,0", header="5,6,1"), {}, "add a header line"),
        (b"a,y\n\xff\xfe,1\n", {}, "cannot be read as csv in UTF-8"),
        (b'a,y\n"1"2,1\n', {}, "cannot be read as csv"),
        (rows("1,2,0", "3,4,0"), {}, "'y' has 1 class in the training part"),
        (
            rows("1,2,0.5", "3,4,1"),
            {"task": "classification"},
            "'y' holds 0.5, which is not a class",
        ),
        (rows("1,2,p", "3,4,q"), {"task": "regression"}, r"'y' holds text \('p'\)"),
        (rows("1,2,.5", "3,4,.5"), {}, "'y' is 0.5 in all of the training part"),
        (rows("1,2,p", "3,4,q"), {}, "2 samples of as many classes leave none for a test part"),
        (rows("1,2,.5"), {}, "1 sample cannot be divided"),
        (rows("1,2,1e39", "3,4,1.5", "1,1,1.0"), {}, "'y' is 1e.39 in row 1"),
        (rows("1e300,2,p", "3,4,q", "5,6,p"), {"scaler": "none"}, "feature 1 is .* too large"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(write, content, options, message):
    with pytest.raises(DataError, match=message) as caught:
        load_data("csv", file=write(content), **options)
    assert "\n" not in str(caught.value)


def test_integers_that_look_like_values_are_doubted(write):
    content = rows(*(f"1,{i},{i // 2 * 7}" for i in range(7)))
    data = load_data("csv", file=write(content))
    assert data.notes[-1] == "'y' has 4 classes in 7 samples; is it meant for task=regression?"
