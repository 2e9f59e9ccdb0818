"""Remakes every data file of this directory from packages of the Python registry.

    pip install scikit-learn statsmodels
    python data/make.py            # writes the files
    python data/make.py --check    # compares them with what is there, changes nothing

The files are the packages' own numbers, written as a person would like to read
them: a header, one row a line, LF line ends, each number in its shortest form
that reads back to the same double. Where a package numbers the classes, their
names are written.
"""

import argparse
import gzip
import io
import pathlib
import sys

import numpy as np
import statsmodels.datasets
from sklearn import datasets

HERE = pathlib.Path(__file__).parent

DIABETES_NAMES = {
    "age": "age",
    "sex": "sex",
    "bmi": "bmi",
    "bp": "blood pressure",
    "s1": "total cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "cholesterol ratio",
    "s5": "log triglycerides",
    "s6": "glucose",
}


def number(value):
    """The shortest decimal text that reads back to the same double; 3.0 as 3."""
    value = float(value)
    return str(int(value)) if value == int(value) else repr(value)


def csv(columns, rows):
    """Comma-separated text; rows hold numbers or text without commas and quotes."""
    out = io.StringIO()
    out.write(",".join(columns) + "\n")
    for row in rows:
        out.write(",".join(v if isinstance(v, str) else number(v) for v in row) + "\n")
    return out.getvalue().encode()


def svmlight(labels, matrix):
    """`label index:value …`, indices from 1, zeros left out."""
    out = io.StringIO()
    for label, row in zip(labels, matrix):
        pairs = (f"{j + 1}:{number(row[j])}" for j in np.flatnonzero(row))
        out.write(" ".join((label, *pairs)) + "\n")
    return out.getvalue().encode()


def with_target(matrix, target):
    return ([*row, value] for row, value in zip(matrix, target))


def breast_cancer():
    bunch = datasets.load_breast_cancer()
    letter = {"malignant": "M", "benign": "B"}
    diagnosis = [letter[bunch.target_names[k]] for k in bunch.target]
    return csv([*bunch.feature_names, "diagnosis"], with_target(bunch.data, diagnosis))


def diabetes():
    bunch = datasets.load_diabetes(scaled=False)
    names = [DIABETES_NAMES[name] for name in bunch.feature_names]
    return csv([*names, "progression"], with_target(bunch.data, bunch.target))


def digits():
    bunch = datasets.load_digits()
    pixels = [f"pixel {row} {column}" for row in range(8) for column in range(8)]
    return csv([*pixels, "digit"], with_target(bunch.data, bunch.target))


def digits_svmlight():
    """Ten classes, in gzip."""
    bunch = datasets.load_digits()
    text = svmlight([str(k) for k in bunch.target], bunch.data)
    return gzip.compress(text, 9, mtime=0)


def odd_digits_svmlight():
    """Two classes: +1 for the odd digits, -1 for the even ones."""
    bunch = datasets.load_digits()
    return svmlight(["+1" if k % 2 else "-1" for k in bunch.target], bunch.data)


def wine():
    bunch = datasets.load_wine()
    names = [name.replace("_", " ") for name in bunch.feature_names]
    cultivar = [f"cultivar {k + 1}" for k in bunch.target]
    return csv([*names, "cultivar"], with_target(bunch.data, cultivar))


def statsmodels_table(name):
    frame = getattr(statsmodels.datasets, name).load_pandas().data
    return csv(list(frame.columns), frame.itertuples(index=False))


FILES = {
    "breast-cancer.csv": breast_cancer,
    "diabetes.csv": diabetes,
    "digits.csv": digits,
    "digits.svm.gz": digits_svmlight,
    "odd-digits.svm": odd_digits_svmlight,
    "wine.csv": wine,
    "randhie.csv": lambda: statsmodels_table("randhie"),
    "fair.csv": lambda: statsmodels_table("fair"),
}


def same(path, made):
    """Equal contents; compressed files are compared by what they unpack to."""
    if not path.exists():
        return False
    there = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(there) == gzip.decompress(made)
    return there == made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check = parser.parse_args().check
    differing = []
    for name, make in FILES.items():
        made = make()
        if check:
            if not same(HERE / name, made):
                differing.append(name)
        else:
            (HERE / name).write_bytes(made)
        print(f"{name:18} {len(made):>9,} bytes")
    if differing:
        sys.exit(f"different from what the packages give: {', '.join(differing)}")


if __name__ == "__main__":
    main()
