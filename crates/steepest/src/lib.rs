//! Gradient descent in all its forms.
