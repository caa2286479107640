"""attendnets: a folder of images and requirements in, a network designed for them out."""
