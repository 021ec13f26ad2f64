"""Where images come from: torchvision's data sets, IDX files, CIFAR's archives."""
