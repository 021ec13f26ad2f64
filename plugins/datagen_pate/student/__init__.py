"""Students: classifiers trained on synthetic images alone, and how good they are on real ones.

Nothing here imports torch before it is needed.
"""

from datagen_pate.student.evaluation import evaluate_student, evaluate_students
from datagen_pate.student.training import TrainedStudent, train_student, train_students

__all__ = [
    "TrainedStudent",
    "evaluate_student",
    "evaluate_students",
    "train_student",
    "train_students",
]
