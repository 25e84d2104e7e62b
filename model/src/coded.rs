//! Enums whose variants have a number and a name that clients see.

/// Declares such an enum: `Variant = number, "NAME";` for each variant.
#[macro_export]
macro_rules! coded {
    ($(#[$meta:meta])* $type:ident {
        $($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i32)]
        pub enum $type {
            $($(#[$doc])* $variant = $code,)*
        }

        impl $type {
            /// Every variant, as declared.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The number that clients see.
            pub const fn code(self) -> i32 {
                self as i32
            }

            /// The name that clients, events and logs use.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The variant of this number, if there is one.
            pub const fn from_code(code: i32) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The variant of this name, in exactly this case, if there is one.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|it| it.name() == name)
            }
        }
    };
}

pub use coded;
